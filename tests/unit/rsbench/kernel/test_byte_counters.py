"""Bytes that the kernel counted, of real sockets."""

from __future__ import annotations

import socket
import sys
import threading

import pytest

from rsbench.kernel.byte_counters import Bytes, InterfaceBytes, SocketBytes, counter
from rsbench.links.wire import FRAMING

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's counters are Linux's")
SENT_BYTES = 1_000_000


def test_sockets_count_what_was_sent_and_what_came() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    with near, far:
        before = SocketBytes().read()
        assert before is not None
        sender = threading.Thread(target=near.sendall, args=(bytes(SENT_BYTES),))
        sender.start()
        left = SENT_BYTES
        while left:
            left -= len(far.recv(left))
        sender.join()
        after = SocketBytes().read()
    assert after is not None
    added = after.since(before)  # both ends are of this process
    assert added.sent == pytest.approx(FRAMING * SENT_BYTES, rel=0.02)
    assert added.received == pytest.approx(FRAMING * SENT_BYTES, rel=0.02)


def test_an_interface_that_is_missing_is_not_counted() -> None:
    assert InterfaceBytes("no-such-interface").read() is None


def test_an_interface_of_its_own_is_preferred() -> None:
    assert isinstance(counter({}), SocketBytes)
    assert isinstance(counter({"RSBENCH_LINK_INTERFACE": "lo"}), InterfaceBytes)


def test_bytes_since() -> None:
    assert Bytes(5.0, 7.0).since(Bytes(2.0, 3.0)) == Bytes(3.0, 4.0)
