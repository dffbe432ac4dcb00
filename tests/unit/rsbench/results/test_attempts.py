"""Tries at a cell: what a killed process left is brought in order, and numbers are replaced whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.results import attempts, records
from rsbench.results.claimant import Busy, Claimant
from rsbench.results.folder import CellFolder

Maker = Callable[..., dict[str, Any]]


@pytest.fixture
def cell(tmp_path: Path, make_record: Maker) -> CellFolder:
    """A cell that is done, with what belongs to its record."""
    record = make_record(oa=0.5)
    cell = CellFolder.of(tmp_path / "out", f"name-{record['key']}")
    records.write_record(cell.path, record)
    cell.samples.write_text("old")
    return cell


def tried(cell: CellFolder, record: dict[str, Any], token: str = "aa") -> CellFolder:
    attempt = attempts.begin(cell, token)
    attempt.samples.write_text("new")
    time.sleep(0.01)  # file systems tell times apart
    records.write_record(attempt.path, record)
    return attempt


def key(cell: CellFolder) -> str:
    return cell.path.name.rpartition("-")[2]


def oa(cell: CellFolder) -> float:
    return float(records.read_record(cell.record)["accuracy"]["test"]["oa"])


def names(cell: CellFolder) -> list[str]:
    return sorted(path.name for path in cell.path.iterdir())


def test_a_whole_try_replaces_record_and_samples(cell: CellFolder, make_record: Maker) -> None:
    attempts.publish(cell, tried(cell, make_record(oa=0.9)), key(cell))
    assert (oa(cell), cell.samples.read_text()) == (0.9, "new")
    assert names(cell) == ["record.json", "samples.jsonl"]


@pytest.mark.parametrize("step", range(6))
def test_a_move_that_is_cut_short_anywhere_is_brought_to_its_end(
    cell: CellFolder, make_record: Maker, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    attempt, left = tried(cell, make_record(oa=0.9)), step

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return real(*given, **named)

        return call

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "unlink"):
            patch.setattr(Path, name, dying(getattr(Path, name)))
        try:
            attempts.publish(cell, attempt, key(cell))
        except KeyboardInterrupt:
            assert oa(cell) in (0.5, 0.9), "there are numbers at each moment"
    attempts.settle_all(cell.path.parents[1], [key(cell)], Claimant())
    assert (oa(cell), cell.samples.read_text()) == (0.9, "new")
    assert {"record.json", "samples.jsonl"} == set(names(cell)) - {".lock", ".claims"}


def test_a_try_without_a_record_goes_and_the_numbers_stay(cell: CellFolder) -> None:
    attempts.begin(cell, "dead").samples.write_text("half")
    attempts.settle(cell, key(cell))
    assert (oa(cell), cell.samples.read_text(), names(cell)) == (0.5, "old", ["record.json", "samples.jsonl"])


def test_numbers_whose_process_was_killed_before_it_could_move_them_count(tmp_path: Path, make_record: Maker) -> None:
    record = make_record(oa=0.9)
    cell = CellFolder.of(tmp_path, f"name-{record['key']}")
    cell.path.mkdir(parents=True)
    tried(cell, record)
    assert records.list_runs([tmp_path])[0].status == "unfinished"
    attempts.settle(cell, key(cell))
    assert oa(cell) == 0.9


def test_an_older_try_replaces_no_newer_numbers(cell: CellFolder, make_record: Maker) -> None:
    attempt = tried(cell, make_record(oa=0.9))
    os.utime(attempt.record, (1, 1))
    attempts.settle(cell, key(cell))
    assert (oa(cell), names(cell)) == (0.5, ["record.json", "samples.jsonl"])


def test_a_failure_or_the_record_of_another_cell_replaces_no_numbers(cell: CellFolder, make_record: Maker) -> None:
    for record in (make_record(status="failed", reason="why"), make_record(seed=7)):
        tried(cell, record).path.rename(cell.arriving)
        attempts.settle(cell, key(cell))
        assert (oa(cell), names(cell)) == (0.5, ["record.json", "samples.jsonl"])


def test_a_failed_try_is_kept_beside_the_numbers_until_the_next_one(cell: CellFolder, make_record: Maker) -> None:
    for _ in range(2):
        place = attempts.set_aside(cell, tried(cell, make_record(status="failed", reason="why")))
        assert place.name == "failed" and names(cell) == ["failed", "record.json", "samples.jsonl"]
    attempts.publish(cell, tried(cell, make_record(oa=0.9)), key(cell))
    assert names(cell) == ["record.json", "samples.jsonl"]


@pytest.mark.parametrize("place", ["", ".lock", ".claims", "try-aa", "arriving", "tensorboard", "failed"])
def test_no_link_is_followed_out_of_the_folder(
    cell: CellFolder, make_record: Maker, tmp_path: Path, place: str
) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "record.json").write_text("years of work")
    link = cell.path / place if place else cell.path
    if not place:
        cell.path.rename(tmp_path / "moved")
    link.symlink_to(target / "record.json" if place == ".lock" else target)
    if place in ("", ".lock", ".claims"):
        with (
            pytest.raises(RsbenchError, match="is a link, and nothing is written through links"),
            Claimant().take(cell),
        ):
            pass
    else:
        with Claimant().take(cell):
            attempts.settle(cell, key(cell))
            attempts.publish(cell, tried(cell, make_record(oa=0.9), "bb"), key(cell))
        assert oa(cell) == 0.9 and not os.path.lexists(link)
    assert [(file.name, file.read_text()) for file in target.iterdir()] == [("record.json", "years of work")]


def test_a_lock_that_is_held_is_told_at_once(cell: CellFolder) -> None:
    with Claimant().take(cell), pytest.raises(Busy), Claimant().take(cell):
        pass


def test_a_move_that_was_cut_short_loses_nothing(
    cell: CellFolder, make_record: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = tried(cell, make_record(oa=0.7))
    for name in ("job.json", "map.png"):
        (attempt.path / name).write_text("new")
    real, moved = Path.rename, []

    def killed_after_two(path: Path, target: Path) -> Path:
        if len(moved) == 3:  # the folder itself, then two of its files
            raise KeyboardInterrupt
        moved.append(path)
        return real(path, target)

    monkeypatch.setattr(Path, "rename", killed_after_two)
    with pytest.raises(KeyboardInterrupt):
        attempts.publish(cell, attempt, key(cell))
    monkeypatch.undo()
    attempts.settle(cell, key(cell))
    assert oa(cell) == 0.7
    for name in ("job.json", "map.png", "samples.jsonl"):
        assert (cell.path / name).read_text() == "new", name
    assert not cell.arriving.exists()
    assert not (cell.path / ".cleared").exists()
