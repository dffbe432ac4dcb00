"""What users are promised: where a comparison goes on that was killed or stopped, how soon, and what is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from injection.cells import Cell, Site
from injection.faults import Fault, Moment, Sent
from injection.outcomes import Outcome
from injection.runs import Run
from injection.survival import finish, hit

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

SLOW = Cell.of_scenes("rsdgc", "--batch-size", "8", "--image-size", "32", steps=160)
"""Steps that take some time, and epochs of more than 70."""
LONG = Cell.of_scenes("rsdgc", "--epochs", "40", steps=2000)


def test_killed_at_step_70_it_goes_on_from_step_60(
    site: Site, uninterrupted: Callable[[Cell], Outcome], tell: Callable[[str], None]
) -> None:
    words = ("--checkpoint-every", "20")
    killed = hit(Fault(Sent("SIGKILL", "parent"), Moment(69, saved=60)), Run(SLOW, site, words))
    outcome, whole = finish(SLOW, site, words), uninterrupted(SLOW)
    assert 70 <= killed.steps_done < 80
    assert outcome.runtime["resumed_from_step"] == [60]
    assert outcome.runtime["steps_redone"] == killed.steps_done - 60
    mine, yours = (one.step_lines[-1]["loss"] for one in (outcome, whole))
    assert mine == yours
    tell(f"killed after {killed.steps_done} steps, went on from 60; last loss {mine!r}, uninterrupted {yours!r}")


def seconds_to_step(site: Site, step: int) -> float:
    """How long after its start the command has trained beyond a step; it then runs to its end."""
    started = time.monotonic()
    run = Run(LONG, site)
    try:
        run.wait_until(lambda: run.has_reached(step), f"step {step}")
        passed = time.monotonic() - started
        assert run.end() == 0, run.said()
    finally:
        run.kill()
    return passed


def test_interrupted_at_60_percent_it_does_nothing_twice(
    site: Site, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    fresh_s = seconds_to_step(Site(tmp_path / "fresh", site.shared), 0)
    stopped = hit(Fault(Sent("SIGINT", "parent"), Moment(1200)), Run(LONG, site))
    again_s = seconds_to_step(site, stopped.steps_done)
    outcome = Outcome.of(site)
    assert stopped.code == 130 and stopped.checkpoint == stopped.steps_done
    assert outcome.runtime["resumed_from_step"] == [stopped.checkpoint]
    assert outcome.runtime["steps_redone"] == 0
    assert outcome.differences(Outcome.of(Site(tmp_path / "fresh", site.shared))) == []
    tell(
        f"interrupted after {stopped.steps_done} of {LONG.steps} steps: the first new step came {again_s:.1f} s after "
        f"the second start, 0 steps again; the first step of a fresh start {fresh_s:.1f} s after it"
    )
