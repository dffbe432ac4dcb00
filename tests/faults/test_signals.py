"""Signals to a rank or the parent, and processes that stand still: the same command goes on to the same end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from injection.cells import Cell, Site
from injection.faults import Fault, Moment, Paused, Sent
from injection.outcomes import Outcome
from injection.runs import Run
from injection.survival import Case, survive

CELL = Cell.of_scenes("rsdgc", steps=160)
CHECKPOINTS = ("--checkpoint-every", "20")
IMPATIENT = ("--stall-timeout", "5s")
STEP = Moment(70, 0.003)
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ENDS = [
    Case(CELL, (Fault(Sent("SIGTERM", "parent"), STEP),), CHECKPOINTS),
    Case(CELL, (Fault(Sent("SIGINT", "parent"), STEP),), CHECKPOINTS),
    Case(CELL, (Fault(Sent("SIGTERM", "parent"), STEP),)),
    Case(CELL, (Fault(Sent("SIGINT", "parent"), Moment("launch", 2.5)),), CHECKPOINTS),
    Case(CELL, (Fault(Sent("SIGTERM", "parent"), Moment("test")),), CHECKPOINTS),
    Case(CELL, (Fault(Sent("SIGTERM", "rank 0"), STEP),), CHECKPOINTS),
    Case(CELL, (Fault(Sent("SIGTERM", "rank 1"), STEP),), CHECKPOINTS),
    Case(CELL, (Fault(Sent("SIGSTOP", "rank 0"), STEP),), (*CHECKPOINTS, *IMPATIENT)),
    Case(CELL, (Fault(Sent("SIGSTOP", "rank 1"), STEP),), (*CHECKPOINTS, *IMPATIENT)),
]
GO_ON = [Case(CELL, (Fault(Paused(who), STEP),), CHECKPOINTS) for who in ("parent", "rank 0", "rank 1")]


@pytest.mark.parametrize("case", [*ENDS, *GO_ON], ids=str)
def test_what_is_signalled_ends_as_what_is_not(
    case: Case, site: Site, uninterrupted: Callable[[Cell], Outcome], tell: Callable[[str], None]
) -> None:
    tell(survive(case, site, uninterrupted(case.cell)))


AGAIN = [Sent("SIGKILL", "rank 0"), Sent("SIGKILL", "rank 1"), Sent("SIGSTOP", "rank 1"), Sent("SIGTERM", "rank 0")]


@pytest.mark.parametrize("deed", AGAIN, ids=str)
def test_workers_are_started_again_within_the_command(
    deed: Sent, site: Site, uninterrupted: Callable[[Cell], Outcome], tell: Callable[[str], None]
) -> None:
    run = Run(CELL, site, (*CHECKPOINTS, *IMPATIENT, "--max-restarts", "1"))
    try:
        Fault(deed, Moment(70, saved=60)).strike(run)
        assert run.end() == 0, run.said()
    finally:
        run.kill()
    outcome = Outcome.of(site)
    assert outcome.differences(uninterrupted(CELL)) == []
    runtime = outcome.runtime
    (resumed,) = runtime["resumed_from_step"]
    assert resumed >= 60 and runtime["restarts"] == 1
    tell(f"{deed} at step 70, started again from step {resumed}: equal")
