"""Two nodes on loopback of which one is killed: the other notices at once, and both can go on later."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(280)]


def start(place: Path, rank: int, endpoint: str, steps: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rsbench", "compare", "--out", str(place / "out"), "--nnodes", "2"]
    command += ["--node-rank", str(rank), "--rdzv-endpoint", endpoint, "--workers", "1", "--device", "cpu"]
    command += ["--model", "smallvgg", "--max-steps", str(steps), "--image-size", "16", "--batch-size", "8"]
    command += ["--compressor", "none", "--compressor", "topk"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(place / f"cache{rank}")}
    with (place / f"said{rank}").open("w") as said:
        return subprocess.Popen(command, stdout=said, stderr=said, text=True, env=environment, cwd=place)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("RSBENCH_TOKEN", secrets.token_hex(16))
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("killed", [0, 1])
def test_the_other_node_ends_with_a_sentence(tmp_path: Path, endpoint: str, killed: int) -> None:
    nodes = [start(tmp_path, rank, endpoint, steps=100_000) for rank in (0, 1)]
    while "step" not in (tmp_path / "said0").read_text():
        assert [node.poll() for node in nodes] == [None, None], (tmp_path / "said0").read_text()
        time.sleep(0.1)
    nodes[killed].kill()
    assert nodes[1 - killed].wait(120) == 2
    said = (tmp_path / f"said{1 - killed}").read_text()
    assert f"Node {killed} " in said and "has ended" in said and "comparison cannot go on" in said


def test_nodes_may_share_the_result_folder_but_not_the_cache(tmp_path: Path, endpoint: str) -> None:
    nodes = [start(tmp_path, rank, endpoint, steps=4) for rank in (0, 1)]
    assert [node.wait(200) for node in nodes] == [0, 0], (tmp_path / "said0").read_text()
    cells = list((tmp_path / "out" / "cells").iterdir())
    assert len(cells) == 2
    for cell in cells:
        assert {"record.json", "rank0.log", "node1"} <= {path.name for path in cell.iterdir()}
        assert str(tmp_path / "cache0") in (cell / "job.json").read_text()
        assert str(tmp_path / "cache1") in (cell / "node1" / "job.json").read_text()
