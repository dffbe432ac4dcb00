"""Fault injection in brief: a rank and the parent of a comparison are killed, and nothing of it is seen at its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from injection.cells import Cell, Site
from injection.faults import Fault, Moment, Sent
from injection.outcomes import Outcome
from injection.runs import Run
from injection.survival import finish, hit

CELL = Cell("targets", ("--dataset", "synthetic-htd", "--compressor", "dgc", "--ratio", "20"), steps=100)
WORDS = ("--checkpoint-every", "20", "--max-restarts", "1")
pytestmark = pytest.mark.timeout(600)


def test_what_loses_a_rank_and_its_parent_ends_as_what_does_not(
    site: Site, uninterrupted: Callable[[Cell], Outcome]
) -> None:
    whole = uninterrupted(CELL)
    run = Run(CELL, site, WORDS)
    try:
        Fault(Sent("SIGKILL", "rank 1"), Moment(25, saved=20)).strike(run)
        second = hit(Fault(Sent("SIGKILL", "parent"), Moment(65, saved=60)), run)
    finally:
        run.kill()
    site.age_temporary_files()
    outcome = finish(CELL, site, WORDS)
    assert outcome.differences(whole) == []
    within, after = outcome.runtime["resumed_from_step"]
    assert within in (20, 40) and after == second.checkpoint
    assert outcome.runtime["steps_redone"] >= 5 + second.steps_done - after
