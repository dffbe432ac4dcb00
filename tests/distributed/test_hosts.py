"""A comparison on two hosts, which are network namespaces: 2 nodes x 2 workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts import Cluster, cluster, losses

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
CELL = ("--dataset", "synthetic", "--model", "smallvgg", "--batch-size", "8", "--image-size", "16")
TWO = ("--compressor", "none", "--compressor", "dgc")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path, shared=False) as found:
        yield found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    """The losses of four workers on one machine."""
    place = tmp_path_factory.mktemp("alone")
    argv = [sys.executable, "-m", "rsbench", "compare", "--out", str(place / "out"), "--device", "cpu", *CELL, *TWO]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(place / "cache")}
    done = subprocess.run([*argv, "--workers", "4", "--max-steps", "16"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return losses(place / "out")


def test_two_hosts_have_the_losses_of_one(hosts: Cluster, alone: dict[str, list[float]]) -> None:
    for rank in (0, 1):
        hosts.start(rank, *CELL, *TWO, "--workers", "2", "--max-steps", "16")
    assert [host.wait() for host in hosts.hosts] == [0, 0], [host.said for host in hosts.hosts]
    found = losses(hosts.hosts[0].out)
    assert {name: len(values) for name, values in found.items()} == {"none": 16, "dgc": 16}
    assert found == alone
