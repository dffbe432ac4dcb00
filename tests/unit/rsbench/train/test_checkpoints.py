"""When a run saves, what it goes on from, and what it says of checkpoints that it cannot use."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rsbench.checkpoints.shelf import Shelf
from rsbench.checkpoints.stopping import StoppedError
from rsbench.errors import RsbenchError
from rsbench.results.reached import Tally, write_tally
from rsbench.train import checkpoints
from rsbench.train.loop import Training
from rsbench.train.saving import Order

Maker = Callable[..., Training]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where checkpoints stand."""
    return tmp_path / "checkpoints"


def losses(tmp_path: Path) -> list[float]:
    lines = map(json.loads, (tmp_path / "samples.jsonl").read_text().splitlines())
    return [line["loss"] for line in lines if line["kind"] == "step"]


def warnings(tmp_path: Path) -> list[str]:
    lines = map(json.loads, (tmp_path / "samples.jsonl").read_text().splitlines())
    return [line["text"] for line in lines if line["kind"] == "warning"]


def run(training: Training, tmp_path: Path) -> dict[str, Any]:
    sections = training.run(tmp_path)
    training.log.close()
    return sections


def weights(training: Training) -> torch.Tensor:
    return torch.cat([tensor.flatten().double() for tensor in training.networks[""].state_dict().values()])


def test_checkpoints_stand_at_the_steps_asked_for_and_at_epochs(
    make_training: Maker, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    begin = checkpoints.Writer.begin

    def noted(self: checkpoints.Writer, step: int, state: Any, *, kept: set[int]) -> None:
        saved.append(step)
        begin(self, step, state, kept=kept)

    monkeypatch.setattr(checkpoints.Writer, "begin", noted)
    run(make_training(order=Order(folder=folder, every=3)), tmp_path)  # 3 epochs of 2 steps
    assert saved == [2, 3, 4, 6]
    assert Shelf(folder).steps(0)[:2] == [6, 4]


def test_without_a_number_of_steps_epochs_are_saved_that_are_far_enough_apart(
    make_training: Maker, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(make_training(order=Order(folder=folder)), tmp_path)
    assert not folder.exists()
    monkeypatch.setattr(checkpoints, "APART_S", 0.0)
    run(make_training(order=Order(folder=folder)), tmp_path)
    assert Shelf(folder).steps(0) == [4, 2]
    monkeypatch.setattr(checkpoints, "BEFORE_TEST_S", 0.0)
    run(make_training(order=Order(folder=folder)), tmp_path)
    assert Shelf(folder).steps(0) == [6, 4]


@pytest.mark.parametrize(("every", "sync", "stops"), [(3, "accumulate:2", [4, 6, 10]), (4, "rounds:3", [4, 8])])
def test_legs_end_at_exchanges_of_accumulated_batches_and_anywhere_in_rounds(
    make_training: Maker, folder: Path, every: int, sync: str, stops: list[int]
) -> None:
    saving = make_training(order=Order(folder=folder, every=every), sync=sync, epochs=6).checkpoints
    found = [0]
    while len(found) <= len(stops):
        found.append(saving.next_stop(found[-1], 12))
    assert found[1:] == stops


def test_a_run_that_is_asked_to_stop_saves_and_the_next_ends_as_if_it_had_not_been(
    make_training: Maker, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsbench.checkpoints.stopping.VOTE_S", 0.0)
    whole = make_training(order=Order(folder=tmp_path / "other"), batch_size=1)  # 3 epochs of 8 steps
    run(whole, tmp_path)
    expected = losses(tmp_path)

    stopped = make_training(order=Order(folder=folder), batch_size=1)
    note = Training._note

    def ask(self: Training, *arguments: Any) -> float:
        if self.step == 10:
            os.kill(os.getpid(), signal.SIGTERM)
        return note(self, *arguments)

    monkeypatch.setattr(Training, "_note", ask)
    with pytest.raises(StoppedError, match="asked to stop, it did after step 11"):
        stopped.run(tmp_path)
    stopped.log.close()
    monkeypatch.undo()
    assert Shelf(folder).steps(0) == [11]

    write_tally(folder, Tally(step=13))
    again = make_training(order=Order(folder=folder), batch_size=1)
    sections = run(again, tmp_path)
    assert losses(tmp_path) == expected
    assert torch.equal(weights(again), weights(whole))
    assert sections["runtime"]["resumed_from_step"] == [11]
    assert sections["runtime"]["steps_redone"] == 2


def cut_newest(folder: Path) -> None:
    path = Shelf(folder).tensors(6, 0)
    path.write_bytes(path.read_bytes()[:100])


def test_a_damaged_newest_checkpoint_falls_back_with_a_warning(
    make_training: Maker, tmp_path: Path, folder: Path
) -> None:
    run(make_training(order=Order(folder=folder, every=2)), tmp_path)
    expected = losses(tmp_path)
    cut_newest(folder)
    sections = run(make_training(order=Order(folder=folder, every=2)), tmp_path)
    assert sections["runtime"]["resumed_from_step"] == [4]
    assert warnings(tmp_path) == [
        f"The checkpoint of step 6 is left out: {folder}/step-00000006/rank0.pt was cut short or added to (rank 0)."
    ]
    assert losses(tmp_path) == expected


def test_with_none_whole_a_run_begins_anew_and_says_so(make_training: Maker, tmp_path: Path, folder: Path) -> None:
    run(make_training(order=Order(folder=folder, every=6)), tmp_path)
    for step in Shelf(folder).steps(0):
        Shelf(folder).tensors(step, 0).unlink()
    sections = run(make_training(order=Order(folder=folder, every=6)), tmp_path)
    assert sections["runtime"]["resumed_from_step"] == []
    assert warnings(tmp_path)[-1] == "No whole checkpoint is left: the cell begins anew."
    assert len(losses(tmp_path)) == 6


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lr": 0.02}, r"another lr \(0.01 there, 0.02 here\)"),
        ({"model": "resnet18"}, r"model \('smallvgg' there, 'resnet18' here\)"),
        ({"dataset_fingerprint": "g"}, r"dataset_fingerprint \('f' there, 'g' here\)"),
        ({"compressor": "topk:density=0.1"}, r"compressor \('none' there, 'topk:density=0.1' here\)"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(
    make_training: Maker, tmp_path: Path, folder: Path, changes: dict[str, Any], words: str
) -> None:
    run(make_training(order=Order(folder=folder, every=2)), tmp_path)
    with pytest.raises(RsbenchError, match=words):
        make_training(order=Order(folder=folder, every=2), **changes).run(tmp_path)


def test_a_checkpoint_that_lacks_something_is_refused(make_training: Maker, tmp_path: Path, folder: Path) -> None:
    training = make_training(order=Order(folder=folder, every=6))
    saving = training.checkpoints
    assert isinstance(saving, checkpoints.Checkpoints)
    state = saving._state()
    del state["profile"]
    saving._writer.begin(2, state, kept=set())
    saving._writer.close()
    with pytest.raises(RsbenchError, match="Remove that folder to begin the cell anew"):
        make_training(order=Order(folder=folder)).run(tmp_path)


def test_the_compressors_state_is_left_only_where_asked_for(make_training: Maker, tmp_path: Path, folder: Path) -> None:
    text = {"compressor": "topk:density=0.1"}
    run(make_training(order=Order(folder=folder, every=2), **text), tmp_path)
    shutil.rmtree(folder / "step-00000006")
    kept = make_training(order=Order(folder=folder), **text)
    assert "compressor_reset_at_step" not in run(kept, tmp_path)["runtime"]
    reset = make_training(order=Order(folder=folder, reset_compressor=True), **text)
    assert run(reset, tmp_path)["runtime"]["compressor_reset_at_step"] == 4
    assert not torch.equal(weights(reset), weights(kept))


def test_a_disk_that_is_full_is_said_once_and_training_goes_on(
    make_training: Maker, tmp_path: Path, folder: Path
) -> None:
    folder.write_text("a file in the way")
    sections = run(make_training(order=Order(folder=folder, every=2)), tmp_path)
    assert sections["traffic"]["steps"] == 6
    (warning,) = warnings(tmp_path)
    assert warning.startswith("rank 0 cannot write checkpoints (")
    assert warning.endswith("; what was saved before stays, and a later one may be written.")


def test_a_copied_checkpoint_goes_on_with_another_compressor_only_where_asked_for(
    make_training: Maker, tmp_path: Path, folder: Path
) -> None:
    run(make_training(order=Order(folder=folder, every=4), compressor="topk:density=0.1"), tmp_path)
    shutil.rmtree(folder / "step-00000006")
    other = {"compressor": "dgc:density=0.1"}
    with pytest.raises(RsbenchError, match="--reset-compressor goes on without the compressor's state"):
        make_training(order=Order(folder=folder), **other).run(tmp_path)
    order = Order(folder=folder, every=5, reset_compressor=True)
    assert run(make_training(order=order, **other), tmp_path)["runtime"]["compressor_reset_at_step"] == 4
    shutil.rmtree(folder / "step-00000006")  # the next go on keeps what the compressor has gathered since
    runtime = run(make_training(order=order, **other), tmp_path)["runtime"]
    assert (runtime["compressor_reset_at_step"], runtime["resumed_from_step"]) == (4, [4, 5])
