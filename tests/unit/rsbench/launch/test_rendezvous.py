"""Two nodes that meet through real gates on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from rsbench.errors import NodeLostError, RsbenchError
from rsbench.launch import rendezvous as module
from rsbench.launch.failure import Trouble
from rsbench.launch.rendezvous import Rendezvous
from rsbench.planning.devices import Nodes

TOKEN = "a secret of this comparison"


class Meeting:
    """The nodes of one endpoint, and what they say."""

    def __init__(self, stack: ExitStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.endpoint = f"127.0.0.1:{free.getsockname()[1]}"
        self.stack, self.said = stack, list[str]()
        self.pool = stack.enter_context(ThreadPoolExecutor())

    def node(self, rank: int) -> Rendezvous:
        """Start a node."""
        nodes = Nodes(count=2, rank=rank, endpoint=self.endpoint)
        return self.stack.enter_context(Rendezvous(nodes, TOKEN, say=self.said.append))

    def beside(self, work: Callable[..., Any], *words: Any, **more: Any) -> Future[Any]:
        """Do something while the test goes on."""
        return self.pool.submit(work, *words, **more)

    def begin(self) -> tuple[Rendezvous, Rendezvous]:
        """Start both nodes, which then know the plan."""
        leader, follower = self.node(0), self.node(1)
        published = self.beside(leader.publish, ["cells"], "plan", 20.0)
        assert follower.fetch("plan", 20.0) == ["cells"]
        published.result(20)
        return leader, follower


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    with ExitStack() as stack:
        yield Meeting(stack)


def until(what: Callable[[], Any]) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + 60
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def ordered(meeting: Meeting, leader: Rendezvous, follower: Rendezvous, order: Any) -> None:
    given = meeting.beside(leader.give, order, 20.0, patient=False)
    assert follower.take(20.0) == order
    given.result(20)


def test_a_failure_on_the_other_node_and_a_newer_order_are_told(meeting: Meeting) -> None:
    leader, follower = meeting.begin()
    ordered(meeting, leader, follower, {"cell": "a"})
    assert leader.trouble() is None
    follower.report_failure("rank 1 was killed")
    assert until(leader.trouble) == Trouble(node=1, reason="rank 1 was killed")
    assert not follower.superseded()
    given = meeting.beside(leader.give, {"cell": "a"}, 20.0, patient=False)
    until(follower.superseded)
    assert follower.take(20.0) == {"cell": "a"}
    given.result(20)
    assert leader.trouble() is None and not follower.superseded(), "the try before is over"


def test_a_node_that_is_lost_is_waited_for_and_takes_the_next_order(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, follower = meeting.begin()
    ordered(meeting, leader, follower, {"cell": "a"})
    follower.__exit__(None, None, None)
    assert until(leader.trouble) == Trouble(node=1)
    with pytest.raises(RsbenchError, match=r"Node 1 \(127.0.0.1\) has ended, so this comparison cannot go on"):
        leader.give({"cell": "a"}, 20.0, patient=False)
    monkeypatch.setattr(module, "RETURN_S", 0.1)
    with pytest.raises(RsbenchError, match=r"Node 1 \(127.0.0.1\) has ended, so this comparison cannot go on"):
        leader.give({"cell": "a"}, 20.0, patient=True)
    monkeypatch.setattr(module, "RETURN_S", 600.0)
    meeting.said.clear()
    given = meeting.beside(leader.give, {"cell": "a"}, 20.0, patient=True)
    until(lambda: meeting.said)
    assert meeting.said == [
        "Node 1 (127.0.0.1) has ended. Start the same command there again within 10 min 00 s, and the comparison goes"
        " on; Ctrl-C ends it."
    ]
    back = meeting.node(1)
    assert back.fetch("plan", 20.0) == ["cells"]
    assert back.take(20.0) == {"cell": "a"}
    given.result(20)
    assert leader.trouble() is None


def test_a_node_0_that_was_started_again_is_not_taken_for_the_one_before(meeting: Meeting) -> None:
    leader, follower = meeting.begin()
    ordered(meeting, leader, follower, {"cell": "a"})
    waiting = meeting.beside(follower.take, 20.0)
    leader.__exit__(None, None, None)
    leader = meeting.node(0)
    with pytest.raises(NodeLostError, match=r"Node 0 at .* was started again"):
        waiting.result(20)
    assert until(follower.trouble) == Trouble(node=0)


def test_the_last_order_is_given_even_when_the_user_wants_to_end(meeting: Meeting) -> None:
    leader, follower = meeting.begin()
    leader.cancelled = lambda: True
    waiting = meeting.beside(follower.take, 20.0)
    leader.give_last({"end": 130})
    assert waiting.result(20) == {"end": 130}


def test_the_last_order_waits_little_for_a_node_that_is_gone(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST_WORD_S", 0.1)
    leader, _ = meeting.begin()
    done = threading.Event()
    meeting.beside(lambda: (leader.give_last({"end": 0}), done.set()))
    assert done.wait(10)
