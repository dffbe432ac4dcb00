"""The real torchrun with workers that train nothing: failures, time-outs, signals; no process may be left."""

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
    assert "  the line that failed" in result.output
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
from rsbench.launch.torchrun import StopSignals, Torchrun

folder = Path(sys.argv[1])
with StopSignals() as stop:
    launcher = Torchrun(stop=stop, grace_s=2.0, module="rsbench_fake_worker")
    outcome = launcher.run(folder, workers_per_node=2, run_id="test", tick=lambda: None)
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


def test_two_nodes_meet_at_an_endpoint() -> None:
    code = """
import sys
from rsbench.launch.torchrun import Nodes
from rsbench.launch.rendezvous import NodeBarrier
node = int(sys.argv[1])
barrier = NodeBarrier(nodes=Nodes(count=2, rank=node, endpoint=sys.argv[2]), timeout_s=60)
for turn in range(2):
    if node == 0:
        barrier.publish({"turn": turn}, f"t{turn}")
    else:
        print(barrier.fetch(f"t{turn}")["turn"])
"""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    nodes = [
        subprocess.Popen([sys.executable, "-c", code, str(node), endpoint], stdout=subprocess.PIPE, text=True)
        for node in (1, 0)
    ]
    outputs = [node.communicate(timeout=120)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0]
    assert outputs[0].split() == ["0", "1"]
