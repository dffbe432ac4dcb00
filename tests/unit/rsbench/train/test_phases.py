"""Cells of two phases: what each trains on, what is counted of each, and going on from any step."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rsbench.checkpoints.shelf import Shelf
from rsbench.checkpoints.stopping import StoppedError
from rsbench.train.checkpoints import Checkpoints
from rsbench.train.loop import Training
from rsbench.train.saving import Order
from rsbench.train.selection import training_set
from rsbench.train.selection.scorer import Scorer

Maker = Callable[..., Training]
SCORED = {"prune": "el2n:0.5,epochs=2", "batch_size": 3}
"""Of 8 samples: two epochs of 3 steps, then on 4 samples three epochs of a step."""


def samples(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    lines = map(json.loads, (tmp_path / "samples.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == kind]


def run(training: Training, tmp_path: Path) -> dict[str, Any]:
    sections = training.run(tmp_path)
    training.log.close()
    return sections


def without_times(sections: dict[str, Any]) -> dict[str, Any]:
    told = {name: sections[name] for name in ("traffic", "accuracy", "selection")}
    parts = [{name: value for name, value in part.items() if name != "train_s"} for part in sections["phases"]]
    history = [(entry["step"], entry["train_loss"], entry["payload_bytes_total"]) for entry in sections["history"]]
    of_kernel = {name for name in told["traffic"] if "kernel" in name or "measured" in name or "counted" in name}
    told["traffic"] = {name: value for name, value in told["traffic"].items() if name not in of_kernel}
    return {**told, "phases": parts, "history": history}


def test_a_record_tells_phases_apart_and_sums_them(make_training: Maker, tmp_path: Path) -> None:
    sections = run(make_training(compressor="topk:density=0.1", **SCORED), tmp_path)
    score, train = sections["phases"]
    traffic, dense_bytes = sections["traffic"], sections["model"]["dense_bytes"]
    assert [(part["name"], part["samples"], part["epochs"], part["steps"]) for part in (score, train)] == [
        ("score", 8, 2, 6),
        ("train", 4, 3, 3),
    ]
    assert (score["dense_bytes_total"], train["dense_bytes_total"]) == (6 * dense_bytes, 3 * dense_bytes)
    assert score["payload_bytes_total"] == 2 * train["payload_bytes_total"] > 0
    for name in ("payload_bytes_total", "dense_bytes_total", "buffer_bytes", "score_bytes"):
        assert score[name] + train[name] == traffic[name], name
    assert score["train_s"] + train["train_s"] == pytest.approx(sections["time"]["train_s"])
    assert traffic["steps"] == 9 and traffic["score_bytes"] == score["score_bytes"] == 2 * 8 * (8 + 4)
    assert traffic["payload_bytes_per_sample"] == traffic["payload_bytes_total"] / (2 * 8 + 3 * 3)
    assert (score["buffer_bytes"], train["score_bytes"]) == (0, 0), "only the last phase is validated"
    assert [entry["step"] for entry in sections["history"]] == [3, 6, 7, 8, 9]
    assert [entry["val_score"] is None for entry in sections["history"]] == [True, True, False, False, False]
    assert [entry["score_bytes"] for entry in sections["history"]] == [96, 192, 192, 192, 192]
    assert [epoch["epoch"] for epoch in sections["accuracy"]["val"]] == [2, 3, 4]
    assert sections["runtime"]["steps_per_epoch"] == 1
    selection = sections["selection"]
    assert (selection["kept"], selection["of"], sum(selection["kept_per_class"])) == (4, 8, 4)
    assert [line["phase"] for line in samples(tmp_path, "phase")] == ["score", "train", "test"]
    steps = samples(tmp_path, "step")
    assert [line["step"] for line in steps] == list(range(9))
    assert [line["epoch"] for line in steps] == [0, 0, 0, 1, 1, 1, 2, 3, 4]


def test_each_learning_rate_schedule_is_a_phases_own(make_training: Maker, tmp_path: Path) -> None:
    run(make_training(warmup_epochs=0.0, **SCORED), tmp_path)
    rates = [line["lr"] for line in samples(tmp_path, "step")]
    assert rates[0] == rates[6] == 0.01 and rates[5] < rates[6]


@pytest.mark.parametrize(("batch_size", "sizes"), [(3, [3, 3, 2]), (4, [4, 4]), (7, [8]), (20, [8])])
def test_the_scoring_phase_sees_each_sample_once_an_epoch_with_the_softmax_that_trains(
    batch_size: int, sizes: list[int], make_training: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[int], torch.Tensor, torch.Tensor]] = []
    see = Scorer.see

    def note(self: Scorer, positions: torch.Tensor, probabilities: torch.Tensor, labels: torch.Tensor) -> None:
        seen.append((positions.tolist(), probabilities, labels))
        see(self, positions, probabilities, labels)

    monkeypatch.setattr(Scorer, "see", note)
    training = make_training(**{**SCORED, "batch_size": batch_size})
    run(training, tmp_path)
    assert [len(positions) for positions, _, _ in seen] == 2 * sizes
    for epoch in (seen[: len(sizes)], seen[len(sizes) :]):
        assert Counter(place for positions, _, _ in epoch for place in positions) == Counter(training.task.train)
    losses = [line["loss"] for line in samples(tmp_path, "step")]
    for (positions, probabilities, labels), loss in zip(seen, losses, strict=False):
        assert labels.tolist() == training.task.training_samples.known_labels[
            np.searchsorted(training.task.train, positions)
        ].tolist()  # fmt: skip
        assert probabilities.dtype == torch.float32 and not probabilities.requires_grad
        of_label = probabilities[torch.arange(len(labels)), labels]
        assert float(-of_label.log().mean()) == pytest.approx(loss, rel=1e-5)


def test_the_last_phase_is_that_of_a_cell_on_the_same_samples(
    make_training: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = np.array([0, 2, 3, 7])
    monkeypatch.setattr(training_set, "kept", lambda *_: places)
    compressor = "rsdgc:density=0.1,update_steps=2"
    scored = make_training(compressor=compressor, **SCORED)
    run(scored, tmp_path)
    after_scoring = [line["loss"] for line in samples(tmp_path, "step")][6:]
    alone = make_training(compressor=compressor, prune="random:0.5", batch_size=3)
    sections = run(alone, tmp_path)
    assert [line["loss"] for line in samples(tmp_path, "step")] == after_scoring
    assert "phases" not in sections and sections["selection"]["kept"] == 4
    for name, tensor in alone.networks[""].state_dict().items():
        assert torch.equal(tensor, scored.networks[""].state_dict()[name]), name


def test_a_cell_that_keeps_all_tells_nothing_of_phases(make_training: Maker, tmp_path: Path) -> None:
    training = make_training()
    sections = run(training, tmp_path)
    assert not {"phases", "selection"} & set(sections) and "score_bytes" not in sections["traffic"]
    assert all("score_bytes" not in entry for entry in sections["history"])
    assert training.phases.training_set.state_dict() == {}
    assert [line["phase"] for line in samples(tmp_path, "phase")] == ["train", "test"]


def test_a_stop_within_scoring_between_phases_or_after_leaves_no_trace(
    make_training: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stops come after 2 steps, at an epoch's end, between the phases, and in training on what is kept."""
    monkeypatch.setattr("rsbench.checkpoints.stopping.VOTE_S", 0.0)
    asked = {**SCORED, "compressor": "dgc:density=0.1", "prune": "tdds:0.5,epochs=3,window=3"}
    whole = make_training(order=Order(folder=tmp_path / "whole"), **asked)
    expected = without_times(run(whole, tmp_path))
    losses = [line["loss"] for line in samples(tmp_path, "step")]
    assert len(losses) == 12
    note = Training._note
    for stop, asked_after in ((2, 1), (3, 2), (9, 8), (10, 10)):  # a leg's next exchange is the last one
        folder = tmp_path / f"stopped-{stop}"

        def ask(self: Training, *arguments: Any, after: int = asked_after) -> float:
            if self.step == after:
                os.kill(os.getpid(), signal.SIGTERM)
            return note(self, *arguments)

        with monkeypatch.context() as patched, pytest.raises(StoppedError, match=f"it did after step {stop}"):
            patched.setattr(Training, "_note", ask)
            make_training(order=Order(folder=folder), **asked).run(tmp_path)
        assert Shelf(folder).steps(0) == [stop]
        again = make_training(order=Order(folder=folder), **asked)
        sections = run(again, tmp_path)
        assert sections["runtime"]["resumed_from_step"] == [stop]
        assert [line["loss"] for line in samples(tmp_path, "step")] == losses, stop
        assert [line["phase"] for line in samples(tmp_path, "phase")] == ["score", "train", "test"], stop
        assert without_times(sections) == expected, stop
        for name, tensor in again.networks[""].state_dict().items():
            assert torch.equal(tensor, whole.networks[""].state_dict()[name]), (stop, name)


def test_a_checkpoint_from_before_there_were_phases_is_gone_on_from(
    make_training: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Checkpoints._state

    def earlier(self: Checkpoints) -> dict[str, Any]:
        kept = {name: value for name, value in state(self).items() if name != "training_set"}
        text = json.loads(kept["text"])
        del text["progress"]["phases"]
        return {**kept, "text": json.dumps(text)}

    order = Order(folder=tmp_path / "checkpoints", every=4)
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "_state", earlier)
        run(make_training(order=order), tmp_path)
    losses = [line["loss"] for line in samples(tmp_path, "step")]
    shutil.rmtree(tmp_path / "checkpoints" / "step-00000006")
    sections = run(make_training(order=order), tmp_path)
    assert sections["runtime"]["resumed_from_step"] == [4]
    assert [line["loss"] for line in samples(tmp_path, "step")] == losses
