"""A worker's link that is down for seconds: nobody notices; down for longer than patience: it is run again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from emulated import needs_links
from injection.cells import Cell, Site
from injection.faults import FAILED, Fault, LinkDown, Moment
from injection.outcomes import Outcome
from injection.survival import Case, survive

CELL = Cell.of_scenes("rsdgc", "--link", "1gbit", name="rsdgc over links", steps=160)
CHECKPOINTS = ("--checkpoint-every", "20")
pytestmark = [needs_links, pytest.mark.faults, pytest.mark.timeout(900)]

CASES = [
    *(Case(CELL, (Fault(LinkDown(f"rank {rank}", 3), Moment(70)),), CHECKPOINTS) for rank in (0, 1)),
    Case(
        CELL,
        (Fault(LinkDown("rank 1", 20, frozenset({FAILED})), Moment(70)),),
        (*CHECKPOINTS, "--stall-timeout", "5s"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_link_that_was_down_costs_no_result(
    case: Case, site: Site, uninterrupted: Callable[[Cell], Outcome], tell: Callable[[str], None]
) -> None:
    tell(survive(case, site, uninterrupted(case.cell)))
