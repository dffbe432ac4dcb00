"""The real launcher with workers that train nothing: failures, time-outs, signals; no process may be left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import Result

from rsbench.results import records

Call = Callable[..., Result]
TWO = ("compare", "--compressor", "none", "--compressor", "topk", "--workers", 2, "--device", "cpu")


def states() -> dict[str, Any]:
    return {run.folder.name.split("-")[2]: run for run in records.list_runs([Path("rsbench-results")])}


def left_behind(place: Path) -> list[list[str]]:
    """Command lines of processes that have to do with this test, by folder or by working directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if str(place) in " ".join(process.cmdline()) or str(place) in process.cwd():
                found.append(process.cmdline())
        except psutil.Error:
            continue
    return found


def eventually_none_left(place: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while left_behind(place) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not left_behind(place)


def test_killed_worker_is_named_and_only_its_cell_runs_again(
    rsbench: Call, fake_workers: Callable[..., None], tmp_path: Path
) -> None:
    fake_workers("killed")
    first = rsbench(*TWO)
    assert first.exit_code == 1, first.output
    assert {name: run.status for name, run in states().items()} == {"none": "done", "topk": "failed"}
    assert states()["topk"].reason.startswith("rank 1 was killed by SIGKILL (signal 9)")
    assert "rank1.log" in first.output and "rank 1 says hello" in first.output
    assert left_behind(tmp_path) == []
    done_at = states()["none"].folder.joinpath("record.json").stat().st_mtime_ns
    fake_workers("succeed")
    second = rsbench(*TWO)
    assert second.exit_code == 0, second.output
    assert "1 of 2 cells are already done; 1 to run." in second.output
    assert states()["none"].folder.joinpath("record.json").stat().st_mtime_ns == done_at
    assert states()["topk"].status == "done"


def test_the_rank_that_raised_is_blamed(rsbench: Call, fake_workers: Callable[..., None], tmp_path: Path) -> None:
    fake_workers("raise")
    result = rsbench("compare", "--compressor", "topk", "--workers", 2, "--device", "cpu")
    assert result.exit_code == 1
    assert states()["topk"].reason == "rank 1 raised ValueError: the tensor is full of eels"
    assert "    ValueError: the tensor is full of eels" in result.output
    assert left_behind(tmp_path) == []


def test_timeout_ends_every_process(rsbench: Call, fake_workers: Callable[..., None], tmp_path: Path) -> None:
    fake_workers("hang", timeout_s=6.0)
    result = rsbench("compare", "--compressor", "topk", "--workers", 2, "--device", "cpu")
    assert result.exit_code == 1
    assert states()["topk"].status == "timeout" and "6 s" in states()["topk"].reason
    pids = [int(pid) for path in states()["topk"].folder.glob("pids-*") for pid in path.read_text().split()]
    assert len(pids) == 4  # two workers and a helper of each, all of them deaf to SIGTERM or in sessions of their own
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    assert left_behind(tmp_path) == []


PARENT = """
import sys
from pathlib import Path
from rsbench.launch.launcher import WorkerLauncher
from rsbench.launch.signals import StopSignals

folder = Path(sys.argv[1])
with StopSignals() as stop:
    launcher = WorkerLauncher(stop=stop, stop_grace_s=2.0, work="rsbench_fake_worker:work")
    outcome = launcher.run(folder, workers_per_node=2, tick=lambda: None)
print(outcome.status, outcome.cause.reason)
"""


@pytest.mark.parametrize(("number", "behaviour"), [(signal.SIGTERM, "hang"), (signal.SIGKILL, "deaf")])
def test_ending_the_parent_ends_its_workers(
    fake_workers: Callable[..., None], tmp_path: Path, number: signal.Signals, behaviour: str
) -> None:
    fake_workers(behaviour)
    folder = tmp_path / "cell"
    folder.mkdir()
    (folder / "job.json").write_text('{"compressor": "topk", "cell": {}}')
    command = [sys.executable, "-c", PARENT, str(folder)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    deadline = time.monotonic() + 30
    while len(list(folder.glob("pids-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(list(folder.glob("pids-*"))) == 2
    parent.send_signal(number)
    output, _ = parent.communicate(timeout=30)
    if number == signal.SIGTERM:
        assert output.strip() == "interrupted rsbench received SIGTERM"
        assert left_behind(tmp_path) == []
    else:
        assert eventually_none_left(tmp_path, 30)


def pids_of(folder: Path, count: int) -> list[int]:
    """Process ids that workers left in a folder, once all are there."""
    deadline = time.monotonic() + 60
    while len(list(folder.glob("**/pids-*"))) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    return [int(path.read_text()) for path in sorted(folder.glob("**/pids-*"))]


def compare_in_background(fake_workers: Callable[..., None], tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    """The command in a process of its own, whose workers are the small ones."""
    code = "import sys, tests_launch, rsbench.cli.main as cli; tests_launch.install(sys.argv.pop(1)); cli.main()"
    library = tmp_path / "library"
    (library / "tests_launch.py").write_text(
        "def install(stall):\n"
        "    import rsbench.run.compare as compare\n"
        "    from rsbench.datasets.scenes.synthetic import Synthetic\n"
        "    from rsbench.launch.launcher import WorkerLauncher\n"
        "    class Prepared:\n"
        "        warnings = ()\n"
        "        remade = ''\n"
        f"        folder = __import__('pathlib').Path({str(tmp_path / 'scenes')!r})\n"
        "    Synthetic.prepare = lambda *args, **kwargs: Prepared()\n"
        "    compare.make_launcher = lambda request, stop, rendezvous: WorkerLauncher(\n"
        "        stop=stop, stall_timeout_s=float(stall), grace_s=2.0, work='rsbench_fake_worker:work')\n"
    )
    command = [sys.executable, "-c", code, *options, "compare", "--workers", "2", "--device", "cpu"]
    command += ["--compressor", "topk", "--compressor", "none"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path)


def test_a_rank_that_stands_still_is_named_and_the_next_cell_runs(
    fake_workers: Callable[..., None], tmp_path: Path
) -> None:
    fake_workers("behind")
    command = compare_in_background(fake_workers, tmp_path, "2")
    output, _ = command.communicate(timeout=120)
    assert command.returncode == 1, output
    assert "FAILED: rank 1 has stood still for " in output and "--stall-timeout" in output
    assert "in work" in output, "the stack of rank 1"
    assert "1 of 2 cells failed" in output
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("behaviour", ["stopped", "slow start"])
def test_a_stopped_process_is_found_in_start_up_and_later(
    fake_workers: Callable[..., None], tmp_path: Path, behaviour: str
) -> None:
    fake_workers(behaviour)
    command = compare_in_background(fake_workers, tmp_path, "2")
    pids = pids_of(tmp_path, 2)
    os.kill(pids[1], signal.SIGSTOP)
    if behaviour == "slow start":
        (tmp_path / "library" / "behaviour").write_text("stopped")
    output, _ = command.communicate(timeout=120)
    assert "FAILED: rank 1 has stood still for " in output and "s: its process is stopped; " in output, output
    assert command.returncode == 1
    assert not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    assert left_behind(tmp_path) == []


def test_stopped_workers_do_not_outlive_a_killed_parent(fake_workers: Callable[..., None], tmp_path: Path) -> None:
    fake_workers("stopped")
    command = compare_in_background(fake_workers, tmp_path, "100")
    for pid in pids_of(tmp_path, 2):
        os.kill(pid, signal.SIGSTOP)
    command.kill()
    command.wait()
    assert eventually_none_left(tmp_path, 30)
