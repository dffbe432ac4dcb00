"""Memory, disk and folders that are too small or cannot be written to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from rsbench.doctor import machine

FACTS = {"cpu_model": "A CPU", "cpu_count": 2, "os": "Linux"}


def test_folder_with_little_space_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.folder_problems("results", tmp_path / "not" / "yet") == []
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=5e6, total=5e6))
    assert "Only 5 MB are free for results" in machine.folder_problems("results", tmp_path)[0]


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert machine.folder_problems("results", tmp_path)[0].startswith(f"Results cannot be written to {tmp_path}")


def test_little_memory_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=10**9, total=4 * 10**9))
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1, total=64 * 2**20))
    section = machine.machine(FACTS, shm=tmp_path)
    assert section.facts["free_memory_bytes"] == 10**9
    assert [problem.split(";")[0] for problem in section.problems] == [
        "Only 1.0 GB of memory are free",
        f"{tmp_path} holds less than 256 MB, which NCCL may exceed: start Docker with --shm-size 1g.",
    ]


def test_the_cache_is_measured(tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "facts" / f"{'c3' * 12}.json"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * 5000)
    section = machine.folders({"results": tmp_path / "not" / "yet"}, tmp_path / "cache")
    assert section.lines[0].startswith(f"cache: {tmp_path / 'cache'}, 5.00 kB")
    assert section.facts["cache"]["kinds_bytes"] == {"data": 0, "facts": 5000, "numba": 0}
    assert section.facts["results"]["is_writable"] is True
