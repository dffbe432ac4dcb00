"""Real links, where this machine can have them. Times are bounded from below only: a busy machine is slower."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from emulated import namespaces, needs_links, start

from rsbench.emulation.network import EmulatedNetwork
from rsbench.emulation.token_bucket import burst_bytes
from rsbench.errors import RsbenchError
from rsbench.links.worker_links import parse_worker_links

pytestmark = needs_links
SENT_BYTES = 1_000_000
SINK = """
import socket
server = socket.create_server(("0.0.0.0", 5000))
print("listens", flush=True)
peer, _ = server.accept()
while peer.recv(1 << 16):
    pass
peer.sendall(b"all")
"""
SOURCE = f"""
import json, socket, sys, time
peer = socket.create_connection((sys.argv[1], 5000))
began = time.monotonic()
peer.sendall(bytes({SENT_BYTES}))
peer.shutdown(socket.SHUT_WR)
peer.recv(3)
took_s = time.monotonic() - began
from rsbench.kernel.interface_traffic import read_alone
print(json.dumps({{"took_s": took_s, "sent_bytes": read_alone("link0").sent_bytes}}))
"""
ECHO = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 5000))
print("listens", flush=True)
for _ in range(4):
    server.sendto(*server.recvfrom(100))
"""
PING = """
import json, socket, sys, time
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
times = []
for _ in range(4):  # the first asks for the other's hardware address, too
    began = time.monotonic()
    peer.sendto(b"?", (sys.argv[1], 5000))
    peer.recv(100)
    times.append(time.monotonic() - began)
print(json.dumps(min(times)))
"""


def ask(links: str, workers: int, server: str, client: str, *, at: int, by: int) -> Any:
    """What a client at one worker says of a server at another."""
    network = EmulatedNetwork(parse_worker_links(links), workers)
    try:
        listening = start(network, at, server)
        assert listening.stdout is not None
        assert listening.stdout.readline() == "listens\n"
        said, _ = start(network, by, client, [f"10.0.0.{at + 1}"]).communicate(timeout=60)
        listening.communicate(timeout=60)
        return json.loads(said)
    finally:
        network.close()


@pytest.mark.parametrize(
    ("links", "bits_per_s"),
    [("20mbit", 20e6), ("80mbit:up=20mbit", 20e6), ("80mbit;1=20mbit", 20e6), ("80mbit;1=20mbit:up=80mbit", 80e6)],
)
def test_no_worker_sends_faster_than_its_link(links: str, bits_per_s: float) -> None:
    """Worker 1 sends to worker 0, with Ethernet, IP and TCP headers on each of its packets."""
    found = ask(links, 2, SINK, SOURCE, at=0, by=1)
    packets = -(-SENT_BYTES // 1448)
    assert SENT_BYTES + 66 * packets <= found["sent_bytes"] < 1.02 * (SENT_BYTES + 66 * packets)
    assert found["took_s"] >= 8 * (found["sent_bytes"] - 2 * burst_bytes(bits_per_s)) / bits_per_s


def test_a_worker_receives_no_faster_than_its_link() -> None:
    found = ask("80mbit;0=20mbit:up=80mbit", 2, SINK, SOURCE, at=0, by=1)
    assert found["took_s"] >= 8 * (found["sent_bytes"] - 2 * burst_bytes(20e6)) / 20e6


@pytest.mark.parametrize(
    ("links", "round_trip_s"), [("50mbit:latency=40ms", 0.04), ("50mbit;1=50mbit:latency=40ms", 0.02)]
)
def test_a_question_takes_the_round_trip(links: str, round_trip_s: float) -> None:
    """Each end's link has its share, so that a link without delay halves it."""
    assert ask(links, 3, ECHO, PING, at=2, by=1) >= round_trip_s


def test_nothing_is_left_of_a_network() -> None:
    files, interfaces = len(os.listdir("/proc/self/fd")), set(psutil.net_if_addrs())
    others = set(psutil.Process().children())
    network = EmulatedNetwork(parse_worker_links("50mbit:latency=10ms"), 3)
    (relay,) = set(psutil.Process().children()) - others
    inside = namespaces([relay.pid])
    assert len(inside) == 1
    assert set(psutil.net_if_addrs()) == interfaces
    network.close()
    assert not inside & namespaces()
    assert len(os.listdir("/proc/self/fd")) == files


def test_nothing_is_left_by_a_process_that_was_killed() -> None:
    program = """
import time
from rsbench.emulation.network import EmulatedNetwork
from rsbench.links.worker_links import parse_worker_links
network = EmulatedNetwork(parse_worker_links("50mbit:latency=10ms"), 2)
print("stands", flush=True)
time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "stands\n"
    (relay,) = psutil.Process(holder.pid).children()
    inside = namespaces([relay.pid])
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    psutil.wait_procs([relay], timeout=10)
    assert not relay.is_running()
    assert not inside & namespaces()


def test_a_command_that_fails_is_said_in_a_sentence_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsbench.emulation.network.token_bucket", lambda *_: "qdisc add dev worker0 root nosuchqdisc")
    files = len(os.listdir("/proc/self/fd"))
    with pytest.raises(RsbenchError, match=r"cannot be emulated: `tc` says: .*modprobe sch_tbf"):
        EmulatedNetwork(parse_worker_links("50mbit"), 2)
    assert len(os.listdir("/proc/self/fd")) == files


def test_two_networks_do_not_collide() -> None:
    networks = [EmulatedNetwork(parse_worker_links("50mbit"), 2) for _ in range(2)]
    for network in networks:
        network.close()


def test_workers_are_told_where_their_link_is(tmp_path: Path) -> None:
    network = EmulatedNetwork(parse_worker_links("50mbit"), 1)
    names = [name for name, value in network.environment.items() if value == "link0"]
    network.close()
    assert names == ["GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME", "RSBENCH_LINK_INTERFACE"]


def test_more_than_the_relay_carries_is_refused() -> None:
    with pytest.raises(RsbenchError, match=r"latency can be emulated up to 4.0 Gbit/s over all workers, .* 5.0 Gbit/s"):
        EmulatedNetwork(parse_worker_links("1gbit;1=2gbit:latency=10ms"), 4)
