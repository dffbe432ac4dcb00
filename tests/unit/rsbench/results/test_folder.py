"""The files of a result folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rsbench.results import folder


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO])
def test_results_folder_errors_name_the_folder_and_a_remedy(number: int) -> None:
    text = str(folder.folder_error(OSError(number, os.strerror(number)), Path("/some/out")))
    assert "/some/out" in text
    assert "--out" in text


def test_what_an_earlier_try_left_goes_and_all_else_stays(tmp_path: Path) -> None:
    cell = folder.CellFolder.of(tmp_path, "some-name-0123456789ab")
    cell.clear()  # of a folder that is not there
    cell.events.mkdir(parents=True)
    leftovers = [cell.job, cell.samples, cell.log(0), cell.log(11), cell.error(1), cell.path / "map.png"]
    kept = [cell.record, cell.lock, cell.path / "notes.txt"]
    for file in (*leftovers, *kept, cell.events / "events.out"):
        file.write_text("x")
    assert sorted(cell.logs()) == [cell.log(0), cell.log(11)] and list(cell.errors()) == [cell.error(1)]
    cell.clear()
    assert sorted(path for path in cell.path.rglob("*") if path.is_file()) == sorted(kept)
    assert cell.was_begun


@pytest.mark.parametrize("place", ["tensorboard", "samples.jsonl", "rank0.log", "map.png"])
def test_clearing_removes_a_link_and_not_what_it_leads_to(tmp_path: Path, place: str) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.tex").write_text("years of work")
    cell = folder.CellFolder.of(tmp_path, "name")
    cell.path.mkdir(parents=True)
    (cell.path / place).symlink_to(target if place == "tensorboard" else target / "thesis.tex")
    cell.clear()
    assert (target / "thesis.tex").read_text() == "years of work"
    assert not os.path.lexists(cell.path / place)


def test_names_of_a_cells_files_stay_what_users_know(tmp_path: Path) -> None:
    cell = folder.CellFolder.of(tmp_path, "name")
    files = (cell.job, cell.record, cell.samples, cell.events, cell.lock, cell.log(2), cell.error(2))
    names = ("job.json", "record.json", "samples.jsonl", "tensorboard", ".lock", "rank2.log", "error-rank2.json")
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [f"cells/name/{name}" for name in names]
