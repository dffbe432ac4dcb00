"""Bytes that the kernel counted on a network interface, as they would go over a wire. Linux only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsbench.links.wire import HEADERS_BYTES

_ARRIVED: Final = ("InNoECTPkts", "InECT1Pkts", "InECT0Pkts", "InCEPkts")


@dataclass(frozen=True, kw_only=True)
class InterfaceTraffic:
    """What an interface has carried since it was made.

    Attributes:
        sent_bytes: Ethernet frames that left, headers included; no preamble, checksum and gap between frames.
        received_bytes: frames that came, likewise.
    """

    sent_bytes: int
    received_bytes: int


def read_alone(interface: str, proc: Path = Path("/proc/self")) -> InterfaceTraffic:
    """Return the traffic of the only interface of a network namespace that carries anything.

    The interface counts a train of packets (GSO, GRO) as one frame with one header. The namespace's counters of TCP and
    IP count the packets in it, so that the other headers can be added: none where packets leave one by one.

    Args:
        interface: such as ``link0`` of an emulated link.
        proc: where the kernel shows a process of the namespace.

    Raises:
        OSError: the kernel shows no counters.
        ValueError: there is no such interface.
    """
    device = _interface(interface, (proc / "net/dev").read_text())
    tcp = _counters("Tcp", (proc / "net/snmp").read_text())
    ip = _counters("IpExt", (proc / "net/netstat").read_text())
    sent_packets = tcp["OutSegs"] + tcp["RetransSegs"]
    received_packets = sum(ip.get(name, 0) for name in _ARRIVED)
    return InterfaceTraffic(
        sent_bytes=device[8] + HEADERS_BYTES * max(0, sent_packets - device[9]),
        received_bytes=device[0] + HEADERS_BYTES * max(0, received_packets - device[1]),
    )


def _interface(name: str, text: str) -> list[int]:
    """Return an interface's sixteen counters: eight of what came (bytes, packets, ...), eight of what left."""
    for line in text.splitlines():
        found, colon, counters = line.partition(":")
        if colon and found.strip() == name:
            return [int(word) for word in counters.split()]
    raise ValueError(f"there is no interface {name}")


def _counters(section: str, text: str) -> dict[str, int]:
    """Return the counters of a section, which stands in two lines: names, then numbers."""
    names, numbers = (line.split()[1:] for line in text.splitlines() if line.startswith(f"{section}:"))
    return dict(zip(names, map(int, numbers), strict=True))
