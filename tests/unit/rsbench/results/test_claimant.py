"""Processes that claim one cell: at each interleaving one holds it, and who has lost it knows."""

from __future__ import annotations

import errno
import itertools
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from rsbench.results import claimant, claims
from rsbench.results.claimant import Busy, Claimant, Hold, Lost, beating
from rsbench.results.claims import Claim, Watch
from rsbench.results.folder import CellFolder


@pytest.fixture
def cell(tmp_path: Path) -> CellFolder:
    cell = CellFolder.of(tmp_path, "cell")
    cell.path.mkdir(parents=True)
    return cell


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)


@pytest.fixture
def claims_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock is even tried."""
    monkeypatch.setattr(claimant, "_lock", lambda *_: claimant._Lock.NOBODYS)


class Clock:
    """Seconds of a watch."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def left_by(cell: CellFolder, number: int = 1, *, age_s: float = 0.0, **facts: Any) -> None:
    """Leave the claim of a process that is gone."""
    who = {"token": f"dead{number}", "host": "gone", "boot_id": "x", "pid": 77, **facts}
    assert claims.make(cell.claims, Claim(number=number, **who))
    then_ns = time.time_ns() - int(age_s * 1e9)
    os.utime(cell.claims / str(number), ns=(then_ns, then_ns))


def who_saw_it(cell: CellFolder, host: str) -> Claimant:
    """A claimant of a host that has watched the cell's claim for long enough."""
    clock = Clock()
    watch, before = Watch(clock), claims.newest(cell.claims)
    assert before is not None
    watch.look(cell.claims, before)
    clock.now += 15.0
    return Claimant(host=host, watch=watch)


def here(**facts: Any) -> dict[str, Any]:
    return {"host": platform.node(), "boot_id": claims.boot_id(), "is_locked": True, **facts}


def test_a_cell_is_held_by_one_and_given_back(cell: CellFolder) -> None:
    with Claimant().take(cell) as hold:
        assert hold.dead is None
        with pytest.raises(Busy) as busy, Claimant().take(cell):
            pass
        assert busy.value.who == f"another rsbench (host {platform.node()}, process {os.getpid()})"
        assert busy.value.is_alive, "its lock is held on this machine"
        hold.check()
    with Claimant().take(cell) as hold:
        assert hold.dead is None
    assert sorted(os.listdir(cell.claims)) == ["1", "2"]


@pytest.mark.usefixtures("no_locks")
def test_claims_alone_do_where_there_are_no_locks(cell: CellFolder) -> None:
    with Claimant().take(cell):
        with pytest.raises(Busy), Claimant(host="b").take(cell):
            pass
        with pytest.raises(Busy), Claimant().take(cell):
            pass
    with Claimant(host="b").take(cell):
        pass


def test_a_lock_without_a_claim_is_an_earlier_version_that_runs(cell: CellFolder) -> None:
    with FileLock(cell.lock), pytest.raises(Busy) as busy, Claimant().take(cell):
        pass
    assert (busy.value.who, busy.value.is_alive) == ("another rsbench", True)


def test_a_process_of_this_machine_that_was_killed_is_not_waited_for(cell: CellFolder) -> None:
    left_by(cell, **here())
    with Claimant().take(cell) as hold:
        assert hold.dead is not None
        assert hold.dead.line == "taken over from process 77 of this host, which was killed"


@pytest.mark.parametrize("facts", [{"host": "other"}, {"boot_id": "earlier"}, {"is_locked": False}])
def test_the_lock_tells_nothing_of_others(cell: CellFolder, facts: dict[str, Any]) -> None:
    left_by(cell, **here(**facts))
    with pytest.raises(Busy) as busy, Claimant().take(cell):
        pass
    assert not busy.value.is_alive and not busy.value.is_silent


def test_a_dead_host_is_taken_over_after_its_lease(cell: CellFolder) -> None:
    left_by(cell, age_s=63.0)
    with pytest.raises(Busy) as busy, Claimant().take(cell):
        pass
    assert busy.value.is_silent and not busy.value.is_alive
    with who_saw_it(cell, "b").take(cell) as hold:
        assert hold.dead is not None
        assert hold.dead.line == "taken over from host gone (process 77), which made no sign for 78 s"


def test_a_lock_that_a_dead_host_left_on_a_server_holds_nobody_up(cell: CellFolder) -> None:
    left_by(cell, age_s=63.0)
    with FileLock(cell.lock), who_saw_it(cell, "b").take(cell) as hold:
        assert hold.dead is not None
        held = claims.newest(cell.claims)
        assert held is not None and (held.host, held.is_locked) == ("b", False)


def test_a_damaged_claim_is_taken_over_when_it_is_old(cell: CellFolder) -> None:
    left_by(cell)
    (cell.claims / "1").write_text("{")
    with pytest.raises(Busy) as busy, Claimant().take(cell):
        pass
    assert busy.value.who == "another rsbench (whose claim cannot be read)"
    os.utime(cell.claims / "1", ns=(10**18, 10**18))
    with who_saw_it(cell, "b").take(cell) as hold:
        assert hold.dead is not None and hold.dead.line.startswith("taken over from a process, which made no sign for")


def test_a_holder_makes_signs_and_is_told_when_it_has_lost(cell: CellFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("rsbench.results.claimant.time.monotonic", clock)
    with Claimant(lease_s=12.0).take(cell) as hold:
        os.utime(cell.claims / "1", ns=(5, 5))
        hold.touch()
        assert (cell.claims / "1").stat().st_mtime_ns == 5, "the last sign is young"
        clock.now += 1.1
        hold.touch()
        assert (cell.claims / "1").stat().st_mtime_ns > 5
        left_by(cell, 2, host="b", pid=456)
        hold.touch()
        clock.now += 1.1
        with pytest.raises(Lost, match=r"^taken over by host b, process 456, as .* no sign for more than 12 s"):
            hold.touch()
        with pytest.raises(Lost):
            hold.check()
    newest = claims.newest(cell.claims)
    assert newest is not None and not newest.is_released, "what was lost is not given back"


def test_who_has_lost_all_claims_has_lost(cell: CellFolder) -> None:
    with Claimant().take(cell) as hold:
        (cell.claims / "1").unlink()
        with pytest.raises(Lost, match="somebody removed the claim"):
            hold.check()
        left_by(cell, 1)
        with pytest.raises(Lost, match="taken over by host gone"):
            hold.check()


def test_a_thread_makes_signs_for_a_process_that_trains(cell: CellFolder) -> None:
    with Claimant(lease_s=0.12).take(cell) as hold, beating(hold):
        os.utime(cell.claims / "1", ns=(5, 5))
        deadline = time.monotonic() + 10.0
        while (cell.claims / "1").stat().st_mtime_ns == 5 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert (cell.claims / "1").stat().st_mtime_ns > 5


class Steps:
    """Lets processes, here threads, make one step at the file system each in a given order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._turn = {name: threading.Semaphore(0) for name in "ABC"}
        self._waits = threading.Semaphore(0)
        self._mine = threading.local()
        for name in ("listdir", "open", "utime", "write"):
            monkeypatch.setattr(claims.os, name, self._stepped(getattr(os, name)))

    def _stepped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            name = getattr(self._mine, "name", None)
            if name is not None:
                self._waits.release()
                self._turn[name].acquire()
            return real(*given, **named)

        return call

    def run(self, work: dict[str, Callable[[], None]], order: Sequence[str]) -> None:
        """Run all to their ends: in the given order, and what is left one after the other."""

        def begin(name: str) -> None:
            self._mine.name = name
            work[name]()
            del self._mine.name
            ended.add(name)
            self._waits.release()

        ended: set[str] = set()
        threads = {name: threading.Thread(target=begin, args=(name,)) for name in work}
        for thread in threads.values():
            thread.start()
            self._waits.acquire()
        for name in itertools.chain(order, *([name] * 50 for name in work)):
            if name not in ended:
                self._turn[name].release()
                self._waits.acquire()
        for thread in threads.values():
            thread.join()


def orders(steps: int) -> Iterator[tuple[str, ...]]:
    """All orders in which two make so many steps each."""
    for places in itertools.combinations(range(2 * steps), steps):
        yield tuple("A" if place in places else "B" for place in range(2 * steps))


@pytest.mark.usefixtures("claims_alone")
@pytest.mark.parametrize("state", ["none", "released", "expired"])
def test_at_each_interleaving_of_two_claimants_one_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    steps, seen = Steps(monkeypatch), set()
    for number, order in enumerate(orders(4)):
        cell = CellFolder.of(tmp_path, f"cell{number}")
        cell.path.mkdir(parents=True)
        if state != "none":
            left_by(cell, age_s=70.0)
        if state == "released":
            claims.release(cell.claims, 1)
        claimants = {name: Claimant(host=name) if state != "expired" else who_saw_it(cell, name) for name in "AB"}
        holds: dict[str, Hold] = {}
        with ExitStack() as stack:

            def take(name: str, cell: CellFolder = cell, claimants: Any = claimants, holds: Any = holds) -> None:
                try:
                    holds[name] = stack.enter_context(claimants[name].take(cell))
                except Busy:
                    return

            steps.run({"A": lambda: take("A"), "B": lambda: take("B")}, order)
            assert len(holds) == 1, (order, holds)
            holds.popitem()[1].check()
            newest = claims.newest(cell.claims)
            assert newest is not None and newest.number == 1 + (state != "none")
            seen.add(newest.host)
    assert seen == {"A", "B"}


@pytest.mark.usefixtures("claims_alone")
def test_at_each_interleaving_a_holder_that_comes_back_keeps_the_cell_or_knows_that_it_lost_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, seen = Steps(monkeypatch), set()
    for number, order in enumerate(orders(4)):
        cell = CellFolder.of(tmp_path, f"cell{number}")
        with ExitStack() as stack:
            old = stack.enter_context(Claimant(host="A").take(cell))
            os.utime(cell.claims / "1", ns=(10**18, 10**18))
            other = who_saw_it(cell, "B")
            ended: list[str] = []

            def come_back(cell: CellFolder = cell, old: Hold = old, ended: list[str] = ended) -> None:
                try:
                    old.check()
                    claims.touch(cell.claims, 1)
                except Lost:
                    ended.append("lost")

            def take(cell: CellFolder = cell, other: Claimant = other, ended: list[str] = ended) -> None:
                try:
                    stack.enter_context(other.take(cell))
                    ended.append("taken")
                except Busy:
                    return

            steps.run({"A": come_back, "B": take}, order)
            try:
                old.check()
            except Lost:
                assert "taken" in ended
            else:
                assert "taken" not in ended and "lost" not in ended
            seen.update(ended or ["kept"])
    assert seen == {"lost", "taken", "kept"}


def test_the_lease_comes_from_the_environment(cell: CellFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, lease_s in (("7", 7.0), ("", 60.0)):
        monkeypatch.setenv(claimant.LEASE_VARIABLE, text)
        with Claimant().take(cell) as hold:
            newest = claims.newest(cell.claims)
            assert newest is not None and newest.lease_s == lease_s
            assert hold.beat_s == pytest.approx(lease_s / 12)
