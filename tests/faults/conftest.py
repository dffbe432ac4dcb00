"""What fault injection shares: caches that are filled once, uninterrupted runs to compare with, and a line a case."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from injection.cells import Cell, Site
from injection.outcomes import Outcome
from injection.survival import finish

SEED = os.environ.get("RSBENCH_TEST_SEED", "14")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def site(tmp_path: Path, cache: Path) -> Site:
    return Site(tmp_path, cache)


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Callable[[Cell], Outcome]:
    """What a cell leaves that nothing hits; each is run once."""
    known: dict[Cell, Outcome] = {}

    def of(cell: Cell) -> Outcome:
        if cell not in known:
            known[cell] = finish(cell, Site(tmp_path_factory.mktemp("uninterrupted"), cache))
            assert known[cell].steps == list(range(cell.steps)), "each step once, in order"
        return known[cell]

    return of
