"""Kill -9 of parents and workers at random steps: what is run again to its end equals what nothing hit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from random import Random

import pytest
from injection.cells import Cell, Site
from injection.faults import kills
from injection.outcomes import Outcome
from injection.survival import Case, survive

SEED = os.environ.get("RSBENCH_TEST_SEED", "14")
RUNS, KILLS = 5, 4
CHECKPOINTS = ("--checkpoint-every", "20")
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

EACH_20_TIMES = [
    Cell.of_scenes(name) for name in ("none", "topk", "dgc", "rsdgc", "gcc", "powersgd:rank=4", "qsgd:levels=7")
]
PIXELS = ("--dataset", "multimodal-mat", "--model", "fusion-cnn", "--image-size", "5", "--batch-size", "8")
TARGETS = ("--dataset", "synthetic-htd", "--ratio", "20")
EACH_4_TIMES = [
    Cell("pixels", (*PIXELS, "--compressor", "rsdgc", "--ratio", "20", "--epochs", "20")),
    Cell("targets, several networks", (*TARGETS, "--compressor", "dgc")),
    Cell.of_scenes("rsdgc", "--sync", "rounds:8", name="rounds"),
    Cell.of_scenes("dgc", "--sync", "accumulate:4", name="accumulate"),
    Cell.of_scenes("topk", "--optimizer", "adamw", "--lr", "0.003", name="adamw"),
    Cell.of_scenes("rsdgc", workers=3, name="3 workers"),
]


def cases() -> Iterator[object]:
    for cell, runs in [*((cell, RUNS) for cell in EACH_20_TIMES), *((cell, 1) for cell in EACH_4_TIMES)]:
        for number in range(runs):
            rng = Random(f"{SEED} {cell.name} {number}")
            faults = kills(rng, count=KILLS, steps=cell.steps, workers=cell.workers)
            yield pytest.param(Case(cell, faults, CHECKPOINTS), id=f"{cell.name}-{number}")


@pytest.mark.parametrize("case", list(cases()))
def test_what_is_killed_ends_as_what_is_not(
    case: Case, site: Site, uninterrupted: Callable[[Cell], Outcome], tell: Callable[[str], None]
) -> None:
    tell(survive(case, site, uninterrupted(case.cell)))
