"""Private folders of workers: gone at the end, and those of killed processes with the next start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from rsbench.launch import processes, scratch
from rsbench.launch.scratch import Scratch


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(path: Path) -> Path:
    os.utime(path, (1.0, 1.0), follow_symlinks=False)
    return path


def test_a_held_one_stays_and_is_gone_at_the_end(place: Path) -> None:
    held = Scratch()
    aged(held.path)
    Scratch().remove()
    assert list(place.iterdir()) == [held.path] and held.path.stat().st_mode & 0o077 == 0
    held.remove()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed_with_its_helpers(place: Path) -> None:
    left = place / f"{scratch.PREFIX}killed"
    left.mkdir()
    (left / "heartbeats").write_bytes(b"x")
    helper = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(300)"],
        env={**os.environ, processes.MARK: left.name},
        stdout=subprocess.PIPE,
    )
    assert helper.stdout is not None and helper.stdout.readline() == b"\n"
    young = place / f"{scratch.PREFIX}young"
    young.mkdir()
    aged(left)
    Scratch().remove()
    assert list(place.iterdir()) == [young]
    assert not psutil.pid_exists(helper.pid)


def test_no_link_and_nothing_of_others_is_touched(place: Path) -> None:
    other = place / "other"
    (other / "inside").mkdir(parents=True)
    link = place / f"{scratch.PREFIX}link"
    link.symlink_to(other)
    aged(link)
    Scratch().remove()
    assert (other / "inside").is_dir() and link.is_symlink()
