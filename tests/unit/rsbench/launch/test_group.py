"""Worker processes that stay: their orders, signs of life and end. Real processes, without torch."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rsbench.launch.group import Stall, WorkerGroup
from rsbench.results.folder import CellFolder

PROGRAM = Path(__file__).parents[3] / "programs" / "small_work.py"


@pytest.fixture
def group(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[WorkerGroup]:
    """Two workers that do the work that the test's parameter names."""
    library = tmp_path / "library"
    library.mkdir()
    shutil.copy(PROGRAM, library / "small_work.py")
    paths = os.pathsep.join([str(library), os.environ.get("PYTHONPATH", "")])
    made = WorkerGroup(
        size=2,
        first_rank=0,
        world_size=2,
        work=f"small_work:{request.param}",
        environment={**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"},
        folder=CellFolder(cell(tmp_path, "first")),
    )
    yield made
    made.end(lambda: True)


def cell(place: Path, name: str) -> Path:
    (place / name).mkdir(exist_ok=True)
    return place / name


def wait(group: WorkerGroup, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not (group.all_done or group.exits) and time.monotonic() < deadline:
        group.look(0.1)


def told(folder: Path) -> list[list[str]]:
    return [(folder / f"told-{rank}").read_text().split() for rank in range(2)]


@pytest.mark.parametrize("group", ["tell"], indirect=True)
def test_the_same_processes_do_one_cell_after_the_other(group: WorkerGroup, tmp_path: Path) -> None:
    folders = [cell(tmp_path, name) for name in ("first", "second")]
    for folder in folders:
        group.order(folder)
        wait(group)
        assert group.usable and group.exits == {}
    first, second = map(told, folders)
    assert [words[0] for words in first] == [words[0] for words in second], "the same process ids"
    assert [words[1:3] for words in first] == [["0", "2"], ["1", "2"]]
    assert first[0][3] == first[1][3] != second[0][3], "ranks of a cell meet in one new file"
    assert Path(first[0][3]).parent.stat().st_mode & 0o077 == 0, "which nobody else can open"
    assert (folders[1] / "rank1.log").read_text() == "hello from the log\n"


@pytest.mark.parametrize("group", ["fail"], indirect=True)
def test_a_rank_that_failed_is_gone_and_the_group_is_not_used_again(group: WorkerGroup, tmp_path: Path) -> None:
    group.order(cell(tmp_path, "first"))
    wait(group)
    assert group.exits == {1: 1} and not group.usable
    assert '"type": "ValueError"' in (tmp_path / "first" / "error-rank1.json").read_text()


@pytest.mark.parametrize("group", ["tell"], indirect=True)
def test_nothing_is_left_after_the_end(group: WorkerGroup, tmp_path: Path) -> None:
    group.order(cell(tmp_path, "first"))
    wait(group)
    (pid, *_, store), _ = told(tmp_path / "first")
    group.end(lambda: True)
    assert not psutil.pid_exists(int(pid)) and not Path(store).parent.exists()


@pytest.mark.parametrize("group", ["missing"], indirect=True)
def test_what_goes_wrong_before_the_first_order_is_in_the_log(group: WorkerGroup, tmp_path: Path) -> None:
    group.order(cell(tmp_path, "first"))
    wait(group)
    group.linger(60.0)
    assert set(group.exits.values()) == {1}
    assert "has no attribute 'missing'" in (tmp_path / "first" / "rank0.log").read_text()


def stalled(group: WorkerGroup, limit_s: float) -> Stall:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        group.look(0.1)
        stall = group.stall(limit_s, 60.0)
        if stall is not None:
            return stall
    raise AssertionError("nobody was found")


@pytest.mark.parametrize("group", ["fall_behind"], indirect=True)
def test_the_rank_that_fell_behind_is_named(group: WorkerGroup, tmp_path: Path) -> None:
    group.order(cell(tmp_path, "first"))
    stall = stalled(group, 1.0)
    assert stall.rank == 1
    assert stall.reason.startswith("rank 1 has stood still for ")
    assert stall.reason.endswith("it was about to load the batch of step 1")
    group.dump_stacks()
    assert "in fall_behind" in (tmp_path / "first" / "rank1.log").read_text()


@pytest.mark.parametrize("group", ["fall_behind"], indirect=True)
def test_a_stopped_process_is_named_before_one_that_waits(group: WorkerGroup, tmp_path: Path) -> None:
    group.order(cell(tmp_path, "first"))
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "first").glob("told-*"))) < 2 and time.monotonic() < deadline:
        group.look(0.1)
    os.kill(int(told(tmp_path / "first")[0][0]), signal.SIGSTOP)
    stall = stalled(group, 1.0)
    assert stall.rank == 0 and "s: its process is stopped; it was about to compute and exchange step 1" in stall.reason
