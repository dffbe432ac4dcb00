"""A comparison on two hosts, which are network namespaces: 2 nodes x 2 workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts import Cluster, cluster, losses, records

from rsbench.results import claims
from rsbench.results.folder import CellFolder

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
CELL = ("--dataset", "synthetic", "--model", "smallvgg", "--batch-size", "8", "--image-size", "16")
TWO = ("--compressor", "none", "--compressor", "dgc")
SURVIVING = (*CELL, *TWO, "--workers", "2", "--max-steps", "16", "--checkpoint-every", "4", "--max-restarts", "1")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path, shared=False) as found:
        yield found


def losses_of_one_machine(place: Path, *words: str) -> dict[str, list[float]]:
    """The losses of four workers on one machine."""
    argv = [sys.executable, "-m", "rsbench", "compare", "--out", str(place / "out"), "--device", "cpu", *CELL]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*argv, "--workers", "4", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return losses(place / "out")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    """The losses of the two short cells."""
    return losses_of_one_machine(tmp_path_factory.mktemp("alone"), *TWO, "--max-steps", "16")


def test_two_hosts_have_the_losses_of_one(hosts: Cluster, alone: dict[str, list[float]]) -> None:
    for rank in (0, 1):
        hosts.start(rank, *CELL, *TWO, "--workers", "2", "--max-steps", "16")
    assert [host.wait() for host in hosts.hosts] == [0, 0], [host.said for host in hosts.hosts]
    found = losses(hosts.hosts[0].out)
    assert {name: len(values) for name, values in found.items()} == {"none": 16, "dgc": 16}
    assert found == alone


@pytest.mark.parametrize("lost", [1, 0])
@pytest.mark.parametrize("shared", [False, True])
def test_a_host_that_was_lost_is_started_again_and_the_cell_goes_on(
    tmp_path: Path, alone: dict[str, list[float]], lost: int, shared: bool
) -> None:
    with cluster(tmp_path, shared=shared) as hosts:
        for rank in (0, 1):
            hosts.start(rank, *SURVIVING)
        hosts.wait_until(lambda: hosts.step("dgc") >= 9)
        before = records(hosts.hosts[0].out)
        hosts.hosts[lost].lose_power()
        where = (hosts.endpoint, hosts.hosts[1].address)[lost]
        hosts.wait_until(lambda: f"Node {lost} ({where}) has ended" in hosts.hosts[1 - lost].said)
        (cell,) = hosts.hosts[0].out.glob("cells/*-dgc-*")
        claim, holder = claims.newest(CellFolder(cell).claims), hosts.hosts[0].pid
        assert claim is not None and (claim.pid, claim.is_released) == (holder, False), "node 0's, alive or not"
        hosts.start(lost, *SURVIVING)
        assert [host.wait() for host in hosts.hosts] == [0, 0], [host.said for host in hosts.hosts]
        last = claims.newest(CellFolder(cell).claims)
        assert last is not None and last.is_released and (last.pid, lost) in [(holder, 1), (hosts.hosts[0].pid, 0)]
        out = hosts.hosts[0].out
        assert losses(out) == alone
        after = records(out)
        runtimes = {record["cell"]["compressor"]: record["provenance"]["runtime"] for record in after.values()}
        assert runtimes["none"]["resumed_from_step"] == [] and runtimes["dgc"]["resumed_from_step"] == [8]
        assert runtimes["dgc"]["restarts"] == lost, "a node 0 that is started again begins to count anew"
        assert len(before) == 1 and all(after[cell] == record for cell, record in before.items()), "run once"
        assert not list(tmp_path.glob("**/checkpoints")) and not list(tmp_path.glob("**/try-*"))


def test_a_worker_killed_on_the_other_host_starts_the_cell_again_on_both(
    hosts: Cluster, alone: dict[str, list[float]]
) -> None:
    for rank in (0, 1):
        hosts.start(rank, *SURVIVING)
    hosts.wait_until(lambda: hosts.step("dgc") >= 9)
    hosts.hosts[1].workers()[3].kill()
    assert [host.wait() for host in hosts.hosts] == [0, 0], [host.said for host in hosts.hosts]
    assert "on node 1, rank 3 was killed by SIGKILL (signal 9); started again (1 of 1)" in hosts.hosts[0].said
    assert losses(hosts.hosts[0].out) == alone


def test_a_rank_that_hangs_on_the_other_host_starts_the_cell_again_on_both(
    hosts: Cluster, alone: dict[str, list[float]]
) -> None:
    for rank in (0, 1):
        hosts.start(rank, *SURVIVING, "--stall-timeout", "90")
    hosts.wait_until(lambda: hosts.step("dgc") >= 9)
    hosts.hosts[1].workers()[2].suspend()
    assert [host.wait() for host in hosts.hosts] == [0, 0], [host.said for host in hosts.hosts]
    assert "started again (1 of 1)" in hosts.hosts[0].said
    assert losses(hosts.hosts[0].out) == alone


def test_ctrl_c_on_node_0_ends_both_and_the_next_command_goes_on(hosts: Cluster, tmp_path: Path) -> None:
    long = ("--compressor", "dgc", "--max-steps", "200")
    words = (*CELL, *long, "--workers", "2", "--max-restarts", "1")
    for rank in (0, 1):
        hosts.start(rank, *words)
    hosts.wait_until(lambda: hosts.step("dgc") >= 2)
    hosts.hosts[0].interrupt()
    assert [host.wait() for host in hosts.hosts] == [130, 130], [host.said for host in hosts.hosts]
    for rank in (0, 1):
        hosts.start(rank, *words)
    assert [host.wait() for host in hosts.hosts] == [0, 0], [host.said for host in hosts.hosts]
    assert losses(hosts.hosts[0].out) == losses_of_one_machine(tmp_path, *long)
    (record,) = records(hosts.hosts[0].out).values()
    assert len(record["provenance"]["runtime"]["resumed_from_step"]) == 1
