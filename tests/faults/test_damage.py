"""Each file of a killed run damaged in each way: the same command tells it apart, and ends as if nothing had been."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from injection.cells import Cell, Site
from injection.damage import WAYS
from injection.faults import Fault, Moment, Sent
from injection.outcomes import Outcome
from injection.runs import Run
from injection.survival import finish, hit

CELL = Cell.of_scenes("rsdgc", steps=160)
CHECKPOINTS = ("--checkpoint-every", "20")
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

FILES = [
    *(f"out/cells/*/checkpoints/step-*/rank{rank}.{kind}" for rank in (0, 1) for kind in ("pt", "json")),
    "out/cells/*/try-*/samples.jsonl",
    "out/cells/*/try-*/job.json",
    "out/cells/*/try-*/rank0.log",
    "out/cells/*/.claims/*",
    "shared/cache/facts/*.json",
    "shared/cache/data/*/images.npy",
    "shared/cache/data/*/labels.npy",
    "shared/cache/data/*/names.txt",
    "shared/cache/data/*/sums.npy",
    "shared/cache/data/*/scenes.json",
]


@pytest.fixture(scope="session")
def killed(tmp_path_factory: pytest.TempPathFactory, uninterrupted: Callable[[Cell], Outcome], shared: Path) -> Site:
    """A site with all files of its own, whose run was killed at step 70."""
    uninterrupted(CELL)
    place = tmp_path_factory.mktemp("killed")
    site = Site(place, Path(shutil.copytree(shared, place / "shared")))
    hit(Fault(Sent("SIGKILL", "parent"), Moment(70)), Run(CELL, site, CHECKPOINTS))
    return site


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_file_costs_no_result(
    file: str,
    way: str,
    killed: Site,
    tmp_path: Path,
    uninterrupted: Callable[[Cell], Outcome],
    tell: Callable[[str], None],
) -> None:
    place = Path(shutil.copytree(killed.place, tmp_path / "copy", symlinks=True))
    site = Site(place, place / "shared")
    WAYS[way](max(place.glob(file)))
    site.age_temporary_files()
    outcome = finish(CELL, site, CHECKPOINTS)
    assert outcome.differences(uninterrupted(CELL)) == []
    tell(f"{file} {way}: went on from {outcome.runtime['resumed_from_step']}: equal")
