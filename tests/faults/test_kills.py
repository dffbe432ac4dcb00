"""Kill -9 of parents and workers at random steps: what is run again to its end equals what nothing hit."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from injection.cells import Cell, Site
from injection.faults import Fault, Moment, Sent, kills
from injection.outcomes import Outcome
from injection.runs import Run
from injection.survival import Case, finish, hit

SEED = 14
pytestmark = pytest.mark.timeout(1200)

WITHOUT = Case(Cell.of_scenes("dgc", steps=60), (Fault(Sent("SIGKILL", "rank 1"), Moment(30)),))


def survive(case: Case, site: Site, whole: Outcome) -> None:
    hits = []
    for fault in case.faults:
        hits.append(hit(fault, Run(case.cell, site, case.words)))
        site.age_temporary_files()
    outcome = finish(case.cell, site, case.words)
    print(case, hits, outcome.runtime)
    assert outcome.differences(whole) == []


def test_without_checkpoints(site: Site, uninterrupted: Callable[[Cell], Outcome]) -> None:
    survive(WITHOUT, site, uninterrupted(WITHOUT.cell))
