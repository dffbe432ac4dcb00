"""What a comparison opens, seen from outside: listening sockets, and who is let in. Real workers."""

from __future__ import annotations

import os
import pickle
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.timeout(280)
SMALL = ("--max-steps", "30", "--image-size", "16", "--batch-size", "4", "--device", "cpu", "--compressor", "topk")
ENDPOINT = "10.77.0.1:29500"


def start(out: Path, *more: str, prefix: tuple[str, ...] = (), **variables: str) -> subprocess.Popen[str]:
    command = [*prefix, sys.executable, "-m", "rsbench", "compare", "--out", str(out), *SMALL, *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def listening(command: subprocess.Popen[str]) -> set[tuple[str, int]]:
    """Addresses that a command and its descendants listen at."""
    found = set()
    try:
        family = [psutil.Process(command.pid), *psutil.Process(command.pid).children(recursive=True)]
    except psutil.Error:
        return found
    for process in family:
        try:
            connections = process.net_connections("inet")
        except psutil.Error:
            continue
        found |= {tuple(one.laddr) for one in connections if one.status == psutil.CONN_LISTEN}
    return found


def watch(*commands: subprocess.Popen[str]) -> list[set[str]]:
    """The addresses that each command listened at, looked at until all have ended."""
    seen: list[set[str]] = [set() for _ in commands]
    while any(command.poll() is None for command in commands):
        for command, addresses in zip(commands, seen, strict=True):
            addresses |= {host for host, _ in listening(command)}
        time.sleep(0.05)
    return seen


def test_on_one_machine_nothing_listens_outside_loopback(tmp_path: Path) -> None:
    command = start(tmp_path / "out", "--workers", "2")
    (addresses,) = watch(command)
    assert command.returncode == 0, command.stdout and command.stdout.read()
    assert addresses == {"127.0.0.1"}


@pytest.fixture
def machines() -> Iterator[list[tuple[str, ...]]]:
    """Two network namespaces with a cable between them: what to put before a command of each."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    tag = secrets.token_hex(3)
    names = [f"rsb{tag}a", f"rsb{tag}b"]

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", f"v{tag}a", "netns", names[0], "type", "veth", "peer", "name", f"v{tag}b", "netns", names[1])
        for number, (name, end) in enumerate(zip(names, "ab", strict=True), 1):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", f"v{tag}{end}")
            ip("-n", name, "link", "set", f"v{tag}{end}", "up")
        yield [("ip", "netns", "exec", name) for name in names]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def listening_on(machine: tuple[str, ...]) -> list[tuple[str, int]]:
    """All addresses that anything in a network namespace listens at."""
    lines = subprocess.run([*machine, "ss", "-ltnH"], check=True, capture_output=True, text=True).stdout.splitlines()
    ends = [line.split()[3].rpartition(":") for line in lines]
    return [(host, int(port)) for host, _, port in ends]


class Planted:
    """Makes a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


PLANT = """
import sys, time
import torch.distributed as dist
planted = bytes.fromhex(sys.argv[2])
store = dist.TCPStore("127.0.0.1", int(sys.argv[1]), is_master=False, wait_for_workers=False)
for name in ("a", "torch.rendezvous.x", "default_pg/0//cpu//extra", "store_based_barrier_key:x"):
    store.set(name, planted)
print("planted")
"""


def test_two_machines_listen_where_asked_and_refuse_a_wrong_token(
    machines: list[tuple[str, ...]], tmp_path: Path
) -> None:
    token, mark = secrets.token_hex(16), tmp_path / "executed"
    nodes = ("--nnodes", "2", "--rdzv-endpoint", ENDPOINT, "--workers", "1")
    first = start(tmp_path / "first", *nodes, "--node-rank", "0", prefix=machines[0], RSBENCH_TOKEN=token)
    stranger = start(
        tmp_path / "none", *nodes, "--node-rank", "1", prefix=machines[1], RSBENCH_TOKEN=secrets.token_hex(16)
    )
    said, _ = stranger.communicate(timeout=120)
    assert stranger.returncode == 2 and f"What answers at {ENDPOINT} refused this node" in said, said
    second = start(tmp_path / "second", *nodes, "--node-rank", "1", prefix=machines[1], RSBENCH_TOKEN=token)
    attack = None
    addresses: list[set[str]] = [set(), set()]
    while first.poll() is None or second.poll() is None:
        sockets = [listening_on(machine) for machine in machines]
        for seen, now in zip(addresses, sockets, strict=True):
            seen |= {host for host, _ in now}
        local = [port for host, port in sockets[1] if host == "127.0.0.1"]
        if attack is None and local:  # as somebody on the second machine could
            plant = [sys.executable, "-c", PLANT, str(local[0]), pickle.dumps(Planted(mark)).hex()]
            attack = subprocess.Popen([*machines[1], *plant], stdout=subprocess.PIPE, text=True)
        time.sleep(0.05)
    output = (first.communicate()[0], second.communicate()[0])
    assert (first.returncode, second.returncode) == (0, 0), output
    assert addresses[0] == {"10.77.0.1", "127.0.0.1"} and addresses[1] == {"10.77.0.2", "127.0.0.1"}
    assert attack is not None and attack.communicate(timeout=60)[0] == "planted\n"
    assert not mark.exists()
