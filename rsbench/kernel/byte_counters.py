"""Bytes that the kernel counted: of a network interface, or of this process's TCP sockets."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from rsbench.kernel.interface_traffic import read_alone
from rsbench.links.wire import FRAMING, HEADERS_BYTES

INTERFACE_VARIABLE: Final = "RSBENCH_LINK_INTERFACE"
"""Environment variable that names the interface of a worker's own network namespace."""
_RECEIVED_AT, _SEGMENTS_OUT_AT, _SENT_AT = 128, 136, 200
"""Where ``tcpi_bytes_received``, ``tcpi_segs_out`` (``tcpi_segs_in`` behind it) and ``tcpi_bytes_sent`` stand in
Linux's ``struct tcp_info`` (4.19 and later)."""


class Bytes(NamedTuple):
    """Sent and received since some time, headers included."""

    sent: float
    received: float

    def since(self, before: Bytes) -> Bytes:
        """Return what was added."""
        return Bytes(self.sent - before.sent, self.received - before.received)


class KernelBytes(Protocol):
    """A counter of the kernel.

    Attributes:
        name: what a record's ``traffic.wire_counter`` calls it.
    """

    name: str

    def read(self) -> Bytes | None:
        """Return the bytes so far; None where the kernel does not say."""


class InterfaceBytes:
    """What the only interface of a worker's network namespace has sent and received, each frame with its headers.

    Args:
        interface: of this process's network namespace.
    """

    name = "interface"

    def __init__(self, interface: str) -> None:
        self._interface = interface

    def read(self) -> Bytes | None:
        """Return the interface's bytes so far, None where the kernel does not say."""
        with suppress(OSError, ValueError, LookupError):
            traffic = read_alone(self._interface)
            return Bytes(traffic.sent_bytes, traffic.received_bytes)
        return None


class SocketBytes:
    """What this process's TCP sockets have sent and received; headers of Ethernet frames are added by formula.

    Each segment that the kernel counted has a header. Loopback's are of up to 64 kB, so those that a link would need
    for the same bytes, and their acknowledgements, come on top: numbers can be compared with a link's.
    """

    name = "sockets"

    def read(self) -> Bytes | None:
        """Return the bytes so far of the sockets that are open now, None where the kernel does not say."""
        sent = received = 0.0
        infos = _tcp_infos()
        for info in infos:
            segments_out, segments_in = struct.unpack_from("=II", info, _SEGMENTS_OUT_AT)
            sent += FRAMING * struct.unpack_from("=Q", info, _SENT_AT)[0] + HEADERS_BYTES * segments_out
            received += FRAMING * struct.unpack_from("=Q", info, _RECEIVED_AT)[0] + HEADERS_BYTES * segments_in
        return Bytes(sent, received) if infos else None


def _tcp_infos() -> list[bytes]:
    """Return ``struct tcp_info`` of each TCP socket of this process; sockets that close meanwhile are left out."""
    infos = []
    for descriptor in _descriptors():
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as one:
                if one.family not in (socket.AF_INET, socket.AF_INET6) or one.type != socket.SOCK_STREAM:
                    continue
                info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                if len(info) >= _SENT_AT + 8:
                    infos.append(info)
    return infos


def _descriptors() -> list[int]:
    with suppress(OSError):
        return [int(name) for name in os.listdir("/proc/self/fd")]
    return []


def counter(environment: Mapping[str, str] = os.environ) -> KernelBytes:
    """Return what counts this worker's bytes: the interface that is its own, else its sockets."""
    interface = environment.get(INTERFACE_VARIABLE)
    return InterfaceBytes(interface) if interface else SocketBytes()
