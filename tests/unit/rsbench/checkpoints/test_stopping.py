"""When ranks stop: after the same step, and only when one was asked to."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import pytest

from rsbench.checkpoints import stopping
from rsbench.checkpoints.stopping import Vote, listening


class OtherRank:
    """Another rank that is asked to stop, or pauses longer; it counts the votes."""

    def __init__(self, *, asked: bool = False, pause: float = 0.0) -> None:
        self.said, self.votes = (float(asked), pause), 0

    def largest(self, values: Sequence[float]) -> list[float]:
        self.votes += 1
        return [max(pair) for pair in zip(values, self.said, strict=True)]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only tests move."""
    now = [0.0]
    monkeypatch.setattr("rsbench.checkpoints.stopping.time.monotonic", lambda: now[0])
    return now


def votes(vote: Vote, clock: list[float], *, step_s: float, steps: int, every: int = 1) -> list[int]:
    """Return the steps after which there was a vote."""
    other, found = vote._ranks, []
    for step in range(every, steps + 1, every):
        clock[0] += every * step_s
        before = other.votes  # type: ignore[attr-defined]
        vote.is_to_stop(step)
        found += [step] if other.votes > before else []  # type: ignore[attr-defined]
    return found


def test_votes_are_about_a_second_apart(clock: list[float]) -> None:
    assert votes(Vote(OtherRank(), 1), clock, step_s=0.25, steps=12) == [1, 2, 6, 10]


def test_votes_of_slow_steps_are_at_each_and_of_fast_ones_not_too_rare(clock: list[float]) -> None:
    assert votes(Vote(OtherRank(), 1), clock, step_s=7.0, steps=4) == [1, 2, 3, 4]
    assert votes(Vote(OtherRank(), 1), clock, step_s=1e-9, steps=1100) == [1, 2, 1002]


def test_votes_stand_at_exchanges(clock: list[float]) -> None:
    assert votes(Vote(OtherRank(), 8), clock, step_s=0.0625, steps=80, every=8) == [8, 16, 32, 48, 64, 80]


def test_ranks_take_the_longest_pause(clock: list[float]) -> None:
    assert votes(Vote(OtherRank(pause=5.0), 1), clock, step_s=7.0, steps=12) == [1, 6, 11]


def test_a_rank_that_was_asked_stops_all() -> None:
    assert Vote(OtherRank(asked=True), 1).is_to_stop(3)
    assert not Vote(OtherRank(), 1).is_to_stop(3)


def test_a_signal_is_noted_while_somebody_listens() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with listening():
        os.kill(os.getpid(), signal.SIGTERM)
        assert Vote(OtherRank(), 1).is_to_stop(1)
    assert signal.getsignal(signal.SIGTERM) == before
    with listening():  # of the next cell, which nobody asked
        assert not Vote(OtherRank(), 1).is_to_stop(1)
    assert stopping._asked == []
