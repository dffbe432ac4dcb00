"""A switch in user space that holds packets for the delay of their links, for kernels without netem."""

from __future__ import annotations

import heapq
import itertools
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Final

from rsbench.emulation.namespace import NetworkNamespace
from rsbench.errors import RsbenchError
from rsbench.links.link import Link
from rsbench.parent_death import end_with_parent
from rsbench.units import link_speed_text

READY: Final = b"ready\n"
CLOSE_S: Final = 5.0
_SOL_PACKET, _PACKET_VNET_HDR, _PACKET_IGNORE_OUTGOING = 263, 15, 23  # linux/if_packet.h
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_ETH_P_ALL: Final = 3
_HEADER_BYTES: Final = 10
"""Of virtio's header before each frame, which tells that the frame's checksum is still to be made."""
MOST_BITS_PER_S: Final = 4e9
"""That all workers together may send: four of 1 Gbit/s were carried at 93 % of their rate on two busy cores."""
QUEUE_BYTES: Final = 64 * 2**20
MOST_BYTES: Final = 2**17
BATCH: Final = 32


class Relay:
    """The process that passes packets from link to link, each after the delay of both.

    Args:
        switch: the namespace where the links meet.
        links: interface there -> the link that ends in it.

    Raises:
        OSError: it cannot be started.
        RsbenchError: the links are too fast for it, or it ended at once.
    """

    def __init__(self, switch: NetworkNamespace, links: Mapping[str, Link]) -> None:
        _check_speed(sum(link.up_bits_per_s for link in links.values()))
        round_trips_s = {interface: link.round_trip_s for interface, link in links.items()}
        ended = end_with_parent(os.getpid())

        def prepare() -> None:
            ended()
            switch.enter()

        self._process = subprocess.Popen(
            [sys.executable, "-m", "rsbench.emulation.relay", json.dumps(round_trips_s)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C on the terminal reaches the parent only, which ends the rest
            preexec_fn=prepare,  # noqa: PLW1509 - rsbench has one thread, see LiveProgress
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        if self._process.stdout.readline() != READY:
            said = self._process.stderr.read().decode(errors="replace").strip().splitlines()
            self.close()
            why = said[-1] if said else "the relay ended at once"
            hint = "; root itself may, the root of a user namespace may not" if "PermissionError" in why else ""
            raise RsbenchError(f"The delay cannot be emulated: {why}{hint}.")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(CLOSE_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def _check_speed(bits_per_s: float) -> None:
    """Refuse more than the process is known to carry.

    Raises:
        RsbenchError: says how much that is.
    """
    if bits_per_s > MOST_BITS_PER_S:
        raise RsbenchError(
            f"Links with a latency can be emulated up to {link_speed_text(MOST_BITS_PER_S)} over all workers, but these"
            f" come to {link_speed_text(bits_per_s)}: take slower links, fewer workers or no latency."
        )


class Switch:
    """A learning switch whose ports are links with a delay.

    Args:
        round_trips_s: interface -> round trip of its link; each crossing of it takes a quarter.
    """

    def __init__(self, round_trips_s: Mapping[str, float]) -> None:
        self._delays_s = {_port(interface): one / 4 for interface, one in round_trips_s.items()}
        self._known: dict[bytes, socket.socket] = {}
        self._held: list[tuple[float, int, socket.socket, bytes]] = []
        self._order = itertools.count()

    def turn(self) -> None:
        """Wait for what comes next, take in what has arrived, and hand on what has been held for long enough."""
        wait_s = max(0.0, self._held[0][0] - time.monotonic()) if self._held else None
        readable, _, _ = select.select(list(self._delays_s), [], [], wait_s)
        for port in readable:
            self._take(port)
        now = time.monotonic()
        while self._held and self._held[0][0] <= now:
            _, _, port, frame = heapq.heappop(self._held)
            try:
                port.send(frame)
            except OSError:
                continue  # a full queue or a link that is gone: the packet is lost, as on a wire

    def _take(self, source: socket.socket) -> None:
        """Take in some frames, and say for each when it leaves by which port."""
        for _ in range(BATCH):
            try:
                frame = source.recv(MOST_BYTES)
            except BlockingIOError:
                return
            now = time.monotonic()
            target, sender = frame[_HEADER_BYTES : _HEADER_BYTES + 6], frame[_HEADER_BYTES + 6 : _HEADER_BYTES + 12]
            self._known[sender] = source
            found = self._known.get(target)
            for port in (one for one in self._delays_s if one is not source) if found is None else (found,):
                due = now + self._delays_s[source] + self._delays_s[port]
                heapq.heappush(self._held, (due, next(self._order), port, frame))


def _port(interface: str) -> socket.socket:
    """Return a socket that takes what comes over a link to the switch, and sends over it."""
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    port.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
    port.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    for limit in (_SO_SNDBUFFORCE, _SO_RCVBUFFORCE):
        port.setsockopt(socket.SOL_SOCKET, limit, QUEUE_BYTES)
    port.bind((interface, _ETH_P_ALL))
    port.setblocking(False)
    return port


def main(round_trips_s: str) -> None:
    """Pass packets until killed."""
    switch = Switch(json.loads(round_trips_s))
    os.write(1, READY)
    while True:
        switch.turn()


if __name__ == "__main__":
    main(sys.argv[1])
