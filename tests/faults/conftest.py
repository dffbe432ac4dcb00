"""What fault injection shares: caches that are filled once, uninterrupted runs to compare with, and a line a case."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import mat_scenes
import pytest
from injection.cells import Cell, Site
from injection.outcomes import Outcome
from injection.survival import finish


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Caches and data of all cases: a made scene of pixels; all else is drawn."""
    place = tmp_path_factory.mktemp("shared")
    scene = mat_scenes.made(48, 80, 20, field=8)
    mat_scenes.mmrs(place / "data", scene, mat_scenes.save73, "multimodal-mat")
    return place


@pytest.fixture
def site(tmp_path: Path, shared: Path) -> Site:
    return Site(tmp_path, shared)


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Callable[[Cell], Outcome]:
    """What a cell leaves that nothing hits; each is run once."""
    known: dict[Cell, Outcome] = {}

    def of(cell: Cell) -> Outcome:
        if cell not in known:
            known[cell] = finish(cell, Site(tmp_path_factory.mktemp("uninterrupted"), shared))
            assert [line["step"] for line in known[cell].step_lines] == list(range(cell.steps)), "once, in order"
        return known[cell]

    return of


@pytest.fixture
def tell(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a line about a case that held, and add it to the file that RSBENCH_TEST_FAULTS names.

    A case that has a line there is skipped: hours of cases go on where they were left.
    """
    lines = Path(os.environ.get("RSBENCH_TEST_FAULTS", os.devnull))
    begin = f"{request.node.nodeid}: "
    if lines.is_file() and any(line.startswith(begin) for line in lines.read_text().splitlines()):
        pytest.skip(f"{lines} says that it held")

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}")
        with lines.open("a") as file:
            file.write(f"{begin}{line}\n")

    return say
