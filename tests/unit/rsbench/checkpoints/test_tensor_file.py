"""Tensors on disk: whole or refused, and no code of a file is run."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from rsbench.checkpoints import tensor_file
from rsbench.checkpoints.shelf import DamagedCheckpointError
from rsbench.checkpoints.tensor_file import read_tensors, write_tensors

STATE = {"w": torch.arange(1000.0), "text": "ü", "numbers": [1, 0.1, None], "by": {("a", 1): torch.ones(2)}}


def written(path: Path) -> dict[str, Any]:
    size_bytes, sha256 = write_tensors(path, STATE)
    return {"size_bytes": size_bytes, "sha256": sha256}


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "rank0.pt"
    found = read_tensors(path, **written(path))
    assert torch.equal(found["w"], STATE["w"])
    assert (found["text"], found["numbers"]) == ("ü", [1, 0.1, None])
    assert [file.name for file in path.parent.iterdir()] == ["rank0.pt"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("other")))


@pytest.mark.parametrize(
    ("damage", "words"),
    [(_cut, "cut short"), (_flip, "checksum"), (Path.unlink, "missing"), (_replace_by_folder, "missing"),
     (_replace_by_link, "missing"), (lambda path: path.write_bytes(b""), "cut short")],
)  # fmt: skip
def test_a_damaged_file_is_told(tmp_path: Path, damage: Callable[[Path], None], words: str) -> None:
    header = written(tmp_path / "rank0.pt")
    damage(tmp_path / "rank0.pt")
    with pytest.raises(DamagedCheckpointError, match=words):
        read_tensors(tmp_path / "rank0.pt", **header)


def test_a_file_with_code_is_refused_even_with_its_checksum(tmp_path: Path) -> None:
    header = {}
    for state in ({"f": print}, STATE):  # the first one is a pickle of a function
        path = tmp_path / "rank0.pt"
        size_bytes, sha256 = write_tensors(path, state)
        header = {"size_bytes": size_bytes, "sha256": sha256}
        if state is not STATE:
            with pytest.raises(DamagedCheckpointError, match="cannot be read"):
                read_tensors(path, **header)
    assert read_tensors(path, **header)["text"] == "ü"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = written(tmp_path / "rank0.pt")

    def full(self: Any, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tensor_file._Hashing, "write", full)
    with pytest.raises(OSError, match="No space left"):
        write_tensors(tmp_path / "rank0.pt", STATE)
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["rank0.pt"]
    assert read_tensors(tmp_path / "rank0.pt", **header)["text"] == "ü"


def test_plain_pytorch_reads_it(tmp_path: Path) -> None:
    write_tensors(tmp_path / "weights.pt", {"w": STATE["w"]})
    loaded = torch.load(io.BytesIO((tmp_path / "weights.pt").read_bytes()), weights_only=True)
    assert torch.equal(loaded["w"], torch.arange(1000.0))
