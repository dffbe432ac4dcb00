"""Whole comparisons over emulated links: the same losses, slower steps, and nothing left however they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from emulated import namespaces, needs_links

pytestmark = [needs_links, pytest.mark.long, pytest.mark.timeout(600)]
BITS_PER_S = 20e6


def start(place: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rsbench", "compare", "--out", str(place / "out"), "--workers", "2"]
    command += ["--device", "cpu", "--image-size", "16", "--batch-size", "8", *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (place / "said.log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=place)


def records(place: Path) -> dict[tuple[str, str | None], dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in place.glob("out/cells/*/record.json")]
    return {(record["cell"]["compressor"], record["cell"].get("link")): record for record in found}


def wait_for_training(place: Path, command: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not any('"train"' in path.read_text() for path in place.glob("out/cells/**/samples.jsonl")):
        assert command.poll() is None and time.monotonic() < deadline, (place / "said.log").read_text()
        time.sleep(0.05)


def test_losses_are_those_without_a_link_and_dense_steps_take_what_their_bytes_take(tmp_path: Path) -> None:
    links = ("20mbit", "20mbit:latency=40ms", None)
    options = [word for link in links for word in ("--link", link or "none")]
    command = start(tmp_path, "--max-steps", "6", "--compressor", "none", "--compressor", "topk", *options)
    assert command.wait() == 0, (tmp_path / "said.log").read_text()
    found = records(tmp_path)
    assert set(found) == {(name, link) for name in ("none", "topk") for link in links}
    for name in ("none", "topk"):
        losses = [[epoch["train_loss"] for epoch in found[name, link]["history"]] for link in links]
        assert losses[0] == losses[1] == losses[2]
    for link in links[:2]:  # two workers each send the whole gradient once; packets have 66 bytes of headers
        dense = found["none", link]
        least_s = 8 * dense["traffic"]["payload_bytes_per_step"] / BITS_PER_S * 1514 / 1448
        assert 0.95 * least_s <= dense["time"]["step_time_s"] <= 2 * least_s
    assert found["topk", links[1]]["time"]["step_time_s"] >= 0.02  # one crossing of both links at the least


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_a_comparison_that_was_stopped(number: signal.Signals, tmp_path: Path) -> None:
    interfaces = set(psutil.net_if_addrs())
    command = start(tmp_path, "--max-steps", "100000", "--compressor", "none", "--link", "20mbit:latency=10ms")
    try:
        wait_for_training(tmp_path, command)
        family = psutil.Process(command.pid).children(recursive=True)
        inside = namespaces(process.pid for process in family)
        assert len(inside) == 3  # two workers and the relay
        assert set(psutil.net_if_addrs()) == interfaces
        command.send_signal(number)
        command.wait(60)
    finally:
        command.kill()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive
    assert not inside & namespaces()


def test_two_comparisons_at_once(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("first", "second")]
    for place in places:
        place.mkdir()
    both = [start(place, "--max-steps", "4", "--compressor", "none", "--link", "50mbit") for place in places]
    assert [command.wait() for command in both] == [0, 0]
    assert [list(records(place)) for place in places] == [[("none", "50mbit")]] * 2


def test_the_interface_is_recorded(tmp_path: Path) -> None:
    assert start(tmp_path, "--max-steps", "3", "--compressor", "none", "--interface", "lo").wait() == 0
    assert records(tmp_path)["none", None]["provenance"]["interface"] == "lo"
