"""A rank's writer: one checkpoint at a time, and a failure is remembered, not raised."""

from __future__ import annotations

from pathlib import Path

import torch

from rsbench.checkpoints.shelf import Shelf
from rsbench.checkpoints.tensor_file import read_tensors
from rsbench.checkpoints.writer import Writer


def test_a_checkpoint_is_there_once_it_was_waited_for(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "checkpoints")
    writer = Writer(shelf, 1, {"model": "m"}, "launch")
    assert writer.whole == set()
    writer.begin(20, {"w": torch.ones(3)}, kept=set())
    writer.wait()
    header = shelf.read_header(20, 1)
    assert (writer.whole, writer.problem) == ({20}, None)
    assert (header.facts, header.launch) == ({"model": "m"}, "launch")
    state = read_tensors(shelf.tensors(20, 1), size_bytes=header.size_bytes, sha256=header.sha256)
    assert torch.equal(state["w"], torch.ones(3))
    writer.close()


def test_what_cannot_be_written_is_told_and_the_next_may_succeed(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file in the way")
    writer = Writer(Shelf(tmp_path / "checkpoints"), 0, {}, "launch")
    writer.begin(20, {}, kept=set())
    writer.wait()
    assert writer.whole == set()
    assert isinstance(writer.problem, OSError)
    (tmp_path / "checkpoints").unlink()
    writer.begin(40, {}, kept=set())
    writer.close()
    assert (writer.whole, writer.problem) == ({40}, None)


def test_only_what_is_kept_is_remembered(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "checkpoints")
    writer = Writer(shelf, 0, {}, "launch")
    for step in (20, 40, 60):
        writer.begin(step, {}, kept=writer.whole)
        writer.wait()
    assert writer.whole == {20, 40, 60}
    writer.begin(80, {}, kept={20, 60})
    writer.wait()
    assert writer.whole == {20, 60, 80}
    assert shelf.steps(0) == [80, 60, 20]
    writer.close()
