"""Several hosts on one folder, here names of hosts on one machine: each cell once, and what a dead one left goes on."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from rsbench.results import claims, records

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
LEASE_S = 6
OTHERS_NAME = ["unshare", "--uts", "true"]


@pytest.fixture(autouse=True)
def may_name_hosts() -> None:
    """Another name for a process's host needs rights that a container may lack."""
    if subprocess.run(OTHERS_NAME, capture_output=True, check=False).returncode != 0:
        pytest.skip("no process may have another host's name here")


class Host:
    """A process of ``rsbench compare`` that sees another host's name."""

    def __init__(self, place: Path, name: str, *options: str) -> None:
        self.name, self._log = name, place / f"{name}.log"
        command = [sys.executable, "-m", "rsbench", "compare", "--out", str(place / "out"), "--device", "cpu"]
        command += ["--image-size", "16", "--batch-size", "8", "--checkpoint-every", "10", *options]
        named = f"hostname {name} && exec {shlex.join(command)}"
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "RSBENCH_LEASE_S": str(LEASE_S),
        }
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                ["unshare", "--uts", "sh", "-c", named], stdout=log, stderr=log, env=environment, cwd=place
            )

    @property
    def said(self) -> str:
        """All that it printed."""
        return self._log.read_text()

    @property
    def cells(self) -> list[str]:
        """The labels of the cells that it began."""
        phases = "starting workers|beginning the cell|connecting workers|reading data|first step|step "
        return list(dict.fromkeys(re.findall(rf"^\[\d+/\d+\] (.*?): (?:{phases})", self.said, re.MULTILINE)))

    def signal(self, number: int) -> None:
        """Send a signal to the command and to all its workers."""
        family = [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]
        for one in family:
            with suppress(psutil.Error):
                one.send_signal(number)

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(timeout=900)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Start hosts that are ended with the test."""
    hosts: list[Host] = []

    def begin(name: str, *options: str) -> Host:
        hosts.append(Host(tmp_path, name, *options))
        return hosts[-1]

    yield begin
    for host in hosts:
        if host.process.poll() is None:
            host.signal(signal.SIGKILL)
            host.process.wait()


def wait_until(true: Callable[[], object], limit_s: float = 600.0) -> None:
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_checkpoint(place: Path, host: str) -> bool:
    """Whether the cell that a host holds has a checkpoint."""
    for path in place.glob("out/cells/*/checkpoints/step-*/rank0.json"):
        claim = claims.newest(path.parents[2] / ".claims")
        if claim is not None and (claim.host, claim.is_released) == (host, False):
            return True
    return False


def done(place: Path) -> dict[str, records.Record]:
    """Cells that are done, by compressor and seed."""
    found = [records.read_record(path) for path in place.glob("out/cells/*/record.json")]
    return {f"{one['cell']['compressor']} {one['cell']['seed']}": one for one in found if one["status"] == "done"}


def test_three_hosts_run_each_cell_once_and_take_over_what_a_killed_one_left(
    tmp_path: Path, start: Callable[..., Host]
) -> None:
    grid = ("--workers", "1", "--max-steps", "200", "--seeds", "0,1,2,3,4,5", "--compressor", "none")
    hosts = [start(name, *grid) for name in ("dying", "b", "c")]
    dying, *others = hosts
    wait_until(lambda: all(host.cells for host in hosts) and has_checkpoint(tmp_path, "dying"))
    dying.signal(signal.SIGKILL)
    killed_at = dying.cells[-1]
    assert [host.wait() for host in others] == [0, 0], [host.said for host in others]
    found = done(tmp_path)
    begun = Counter(label for host in hosts for label in host.cells)
    taken_over = [line for host in others for line in host.said.splitlines() if "taken over from" in line]
    print("\n".join([*(host.said for host in hosts), str(begun), *taken_over]))
    assert len(found) == 6
    assert begun.pop(killed_at) == 2 and set(begun.values()) == {1} and len(begun) == 5
    [line] = taken_over
    assert killed_at in line
    silent = re.search(
        rf"taken over from host dying \(process {dying.process.pid}\), which made no sign for (\d+) s", line
    )
    assert silent and int(silent[1]) >= LEASE_S
    resumed = {name: one["provenance"]["runtime"]["resumed_from_step"] for name, one in found.items()}
    assert sum(bool(steps) for steps in resumed.values()) == 1, "the one cell goes on from a checkpoint"
    assert {one["provenance"]["host"] for one in found.values()} <= {"dying", "b", "c"}
    assert (tmp_path / "out" / "cells.csv").read_text().count("\n") == 1 + 6


def test_a_host_that_was_suspended_publishes_nothing_of_a_cell_that_it_lost(
    tmp_path: Path, start: Callable[..., Host]
) -> None:
    grid = ("--workers", "2", "--max-steps", "150", "--compressor", "none")
    sleeper = start("sleeper", *grid)
    wait_until(lambda: has_checkpoint(tmp_path, "sleeper"))
    sleeper.signal(signal.SIGSTOP)
    other = start("b", *grid)
    wait_until(lambda: "taken over from" in other.said)
    sleeper.signal(signal.SIGCONT)
    assert (other.wait(), sleeper.wait()) == (0, 0), other.said + sleeper.said
    print(other.said, sleeper.said)
    assert f"taken over from host sleeper (process {sleeper.process.pid}), which made no sign for" in other.said
    assert f"taken over by host b, process {other.process.pid}, as this process seemed to be dead" in sleeper.said
    assert "another rsbench has run it meanwhile" in sleeper.said
    [record] = done(tmp_path).values()
    assert record["provenance"]["host"] == "b"
    assert record["provenance"]["runtime"]["resumed_from_step"][0] >= 10
    [folder] = tmp_path.glob("out/cells/*")
    assert not [path.name for path in folder.iterdir() if path.name.startswith(("try-", "checkpoints", "arriving"))]
