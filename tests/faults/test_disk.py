"""A disk that is full in the middle of a run: one sentence, and the same command goes on when there is space."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest
from injection.cells import Cell, Site
from injection.faults import DiskFull, Fault, Moment
from injection.outcomes import Outcome
from injection.survival import Case, survive

SIZE = "48m"
CELL = Cell.of_scenes("rsdgc", steps=160)
CHECKPOINTS = ("--checkpoint-every", "20")
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

CASES = [Case(CELL, (Fault(DiskFull(), Moment(mark)),), CHECKPOINTS) for mark in ("start", 5, 70, "test")]


@pytest.fixture
def small_disk(site: Site) -> Iterator[Site]:
    """Results go to a disk of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    site.out.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(site.out)], check=True)
    yield site
    subprocess.run(["umount", str(site.out)], check=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_full_disk_costs_no_result(
    case: Case, small_disk: Site, uninterrupted: Callable[[Cell], Outcome], tell: Callable[[str], None]
) -> None:
    tell(survive(case, small_disk, uninterrupted(case.cell)))
