"""The switch in user space, with ports that are socket pairs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from rsbench.emulation import relay

ALL = b"\xff" * 6


def frame(target: bytes, sender: bytes) -> bytes:
    return bytes(10) + target + sender + b"payload"


def address(number: int) -> bytes:
    return bytes([2, 0, 0, 0, 0, number])


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, socket.socket]]:
    """The workers' ends of three links."""
    pairs = {name: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for name in ("a", "b", "c")}
    for pair in pairs.values():
        for one in pair:
            one.setblocking(False)
    monkeypatch.setattr(relay, "_port", lambda name: pairs[name][0])
    yield {name: pair[1] for name, pair in pairs.items()}
    for pair in pairs.values():
        for one in pair:
            one.close()


def arrived(end: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(end.recv(1000))
        except BlockingIOError:
            return found


def test_a_frame_for_nobody_known_goes_to_all_others_and_the_answer_to_its_sender(
    ends: dict[str, socket.socket],
) -> None:
    switch = relay.Switch(dict.fromkeys(ends, 0.0))
    question, answer = frame(ALL, address(1)), frame(address(1), address(2))
    ends["a"].send(question)
    switch.turn()
    assert {name: arrived(end) for name, end in ends.items()} == {"a": [], "b": [question], "c": [question]}
    ends["b"].send(answer)
    switch.turn()
    assert {name: arrived(end) for name, end in ends.items()} == {"a": [answer], "b": [], "c": []}


def test_each_link_holds_a_frame_for_a_quarter_of_its_round_trip(ends: dict[str, socket.socket]) -> None:
    switch = relay.Switch({"a": 0.08, "b": 0.04, "c": 0.0})
    began, came = time.monotonic(), {}
    ends["a"].send(frame(ALL, address(1)))
    while len(came) < 2:
        switch.turn()
        came |= {name: time.monotonic() - began for name in ("b", "c") if arrived(ends[name])}
    assert list(came) == ["c", "b"]
    assert came["c"] >= 0.02 and came["b"] >= 0.03


def test_frames_stay_in_order(ends: dict[str, socket.socket]) -> None:
    switch = relay.Switch(dict.fromkeys(ends, 0.004))
    sent = [frame(address(2), address(1)) + bytes([number]) for number in range(5)]
    for one in sent:
        ends["a"].send(one)
    found: list[bytes] = []
    while len(found) < len(sent):
        switch.turn()
        found += arrived(ends["b"])
    assert found == sent
