"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rsbench.atomic import write_atomically


def test_texts_are_written_as_they_stand_into_folders_that_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_atomically(path, "one\r\ntwo\n\ud800 地図")
    assert path.read_bytes() == "one\r\ntwo\n\\ud800 地図".encode()
    assert [file.name for file in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("problem", [OSError("no room"), KeyboardInterrupt()])
def test_whatever_happens_the_old_file_stands_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, problem: BaseException
) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path, "old")

    def fail(*_: object) -> None:
        raise problem

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(problem)):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
