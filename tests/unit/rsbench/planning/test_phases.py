"""Bytes of cells with several phases, and what does not go with a scoring phase."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from rsbench.cell import CellSpec
from rsbench.compressors import parse
from rsbench.errors import RsbenchError
from rsbench.planning import phases as planning
from rsbench.planning.probe import ModelFacts
from rsbench.planning.run_bytes import payload_bytes
from rsbench.recipe.phases import phases_of
from rsbench.train.selection.making import make_scorer

MODEL = ModelFacts(name="m", networks={"": {"w": (200, 300), "b": (300,)}}, activation_bytes=1000.0, flops=50.0)


def spec(**changes: Any) -> CellSpec:
    asked = {"dataset": "x", "dataset_fingerprint": "f", "model": "m", "compressor": "dgc:warmup_steps=20"}
    numbers = {"ratio": 20.0, "lr": 0.1, "seed": 0, "workers": 2, "device": "cpu", "epochs": 10, "batch_size": 8}
    return CellSpec.from_dict({**asked, **numbers, "image_size": 64, "split": "official", **changes})


def test_a_ratio_is_that_of_all_phases_and_a_warm_up_counts_in_each() -> None:
    cell = spec(prune="tdds:0.5,epochs=6")
    phases = phases_of(cell, 256)
    assert [phase.steps for phase in phases] == [96, 80]
    text, estimate = planning.match(cell, phases, MODEL)
    planned = planning.planned_phases(cell, phases, text, MODEL, classes=7)
    single = [payload_bytes(parse(text).for_workers(2), MODEL, phase.steps, 25.0) for phase in phases]
    assert [phase.payload_bytes for phase in planned] == single
    assert sum(single) == estimate.total_payload_bytes < payload_bytes(parse(text).for_workers(2), MODEL, 176, 25.0) * 2
    assert sum(single) > payload_bytes(parse(text).for_workers(2), MODEL, 176, 25.0), "the density warms up twice"
    assert estimate.compression_ratio == pytest.approx(20, rel=0.01)
    assert estimate.payload_bytes_per_step == sum(single) / 176
    assert sum(phase.wire_bytes for phase in planned) == pytest.approx(estimate.wire_bytes)
    assert [(phase.name, phase.samples, phase.epochs) for phase in planned] == [("score", 256, 6), ("train", 128, 10)]


def test_what_is_done_once_an_epoch_is_done_by_epochs_of_the_last_phase() -> None:
    cell = spec(compressor="rsdgc", prune="tdds:0.5")
    text, _ = planning.match(cell, phases_of(cell, 256), MODEL)
    assert "update_steps=8" in text


def test_one_phase_takes_what_its_cell_takes() -> None:
    cell = spec(prune="random:0.5")
    assert planning.planned_phases(cell, phases_of(cell, 256), "none", MODEL, classes=7) == ()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("prune", ["tdds:0.5,epochs=3,window=3", "el2n:0.5,epochs=3", "forgetting:0.5,epochs=3"])
def test_planned_bytes_of_scores_are_those_that_are_handed_over(prune: str) -> None:
    cell, labels = spec(prune=prune), np.arange(20) % 5
    score, _ = phases_of(cell, 20)
    scorer = make_scorer(cell.pruning, np.arange(20), labels, 5, torch.device("cpu"))
    for _ in range(3):
        scorer.see(torch.arange(20), torch.full((20, 5), 0.2), torch.from_numpy(labels))
        scorer.end_epoch()
    assert planning.score_bytes(cell.pruning, score, classes=5) == scorer.exchanged_bytes
    planned = planning.planned_phases(cell, phases_of(cell, 20), "none", MODEL, classes=5)
    (exchange,) = planning.score_exchanges(planned)
    assert (exchange.payload_bytes, exchange.calls) == (scorer.exchanged_bytes, 2 * 3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sync": "rounds:4"}, "--sync rounds:4 exchanges once in 4 local steps.*keep samples with random:0.5"),
        ({"sync": "accumulate:2"}, "leave one of the two out"),
        ({"compressor": "noop", "ratio": None}, "scores samples by training, but noop does not train"),
    ],
)
def test_what_cannot_be_scored_is_refused(changes: dict[str, Any], words: str) -> None:
    cell = spec(prune="tdds:0.5", **changes)
    with pytest.raises(RsbenchError, match=words):
        planning.check_phases(cell, phases_of(cell, 256))
    drawn = spec(prune="random:0.5", **changes)
    planning.check_phases(drawn, phases_of(drawn, 256))
