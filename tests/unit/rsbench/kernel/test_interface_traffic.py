from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.kernel.interface_traffic import InterfaceTraffic, read_alone

DEV = """Inter-| Receive | Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:     0 0 0 0 0 0 0 0     0 0 0 0 0 0 0 0
 link0: 30000 2 0 0 0 0 0 0 50000 4 0 0 0 0 0 0
"""
SNMP = "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm OutSegs RetransSegs\nTcp: 1 {out} {again}\n"
NETSTAT = "TcpExt: A\nTcpExt: 1\nIpExt: InNoECTPkts InECT0Pkts\nIpExt: {came} 1\n"


def kernel(place: Path, *, out: int, again: int = 0, came: int) -> Path:
    (place / "net").mkdir()
    (place / "net/dev").write_text(DEV)
    (place / "net/snmp").write_text(SNMP.format(out=out, again=again))
    (place / "net/netstat").write_text(NETSTAT.format(came=came))
    return place


def test_headers_of_packets_in_trains_are_added(tmp_path: Path) -> None:
    found = read_alone("link0", kernel(tmp_path, out=33, again=1, came=20))
    assert found == InterfaceTraffic(sent_bytes=50_000 + 30 * 66, received_bytes=30_000 + 19 * 66)


def test_packets_that_left_one_by_one_need_none(tmp_path: Path) -> None:
    """The interface saw one more than TCP: an ARP question."""
    found = read_alone("link0", kernel(tmp_path, out=3, came=1))
    assert found == InterfaceTraffic(sent_bytes=50_000, received_bytes=30_000)


def test_an_interface_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no interface link1"):
        read_alone("link1", kernel(tmp_path, out=3, came=2))
