"""Claims as files: what they tell, what is believed of them, and when their holders count as dead."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.results import claims
from rsbench.results.claims import LEASE_S, Claim, Watch

CLAIM = Claim(number=1, token="aa", host="a", boot_id="b", pid=123, since_utc="2026-01-31T12:00:00Z", is_locked=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the claims of a cell, with one claim."""
    folder = tmp_path / ".claims"
    assert claims.make(folder, CLAIM)
    return folder


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def found(folder: Path) -> Claim:
    claim = claims.newest(folder)
    assert claim is not None
    return claim


def aged(folder: Path, age_s: float) -> Claim:
    """The newest claim, with a last sign that is so old."""
    then_ns = claims.server_now_ns(folder) - int(age_s * 1e9)
    os.utime(folder / str(found(folder).number), ns=(then_ns, then_ns))
    return found(folder)


def test_a_claim_tells_what_was_written(folder: Path) -> None:
    claim = found(folder)
    assert {**vars(claim), "touched_ns": 0} == vars(CLAIM)
    assert (claim.holder, claim.is_released) == ("host a, process 123", False)


def test_a_number_is_given_once_and_the_newest_counts(folder: Path) -> None:
    assert not claims.make(folder, Claim(number=1, token="bb", host="b"))
    assert found(folder).token == "aa"
    assert claims.make(folder, Claim(number=10, token="bb", host="b", pid=9))
    assert claims.make(folder, Claim(number=9, token="cc", host="c", pid=9))
    claims.release(folder, 10)
    assert (found(folder).number, found(folder).host, found(folder).is_released) == (10, "b", True)


def test_no_claims_are_no_claim(tmp_path: Path) -> None:
    assert claims.newest(tmp_path / "none") is None
    (tmp_path / ".now-1").touch()
    (tmp_path / "01").touch()
    (tmp_path / "x").touch()
    assert claims.newest(tmp_path) is None


HUGE = json.dumps({**vars(CLAIM), "host": "a" * 5000})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "[" * 4000,
        HUGE,
        '{"token": "aa"}',
        *(
            json.dumps({**vars(CLAIM), **changes})
            for changes in (
                {"lease_s": 1e9},
                {"lease_s": 0.0},
                {"lease_s": "60"},
                {"pid": -1},
                {"pid": True},
                {"token": ""},
                {"host": "a\x1b[2J"},
                {"host": "a" * 256},
            )
        ),
        json.dumps(vars(CLAIM)).replace("60.0", "NaN"),
    ],
)
def test_a_damaged_claim_has_nothing_but_a_time(folder: Path, content: str) -> None:
    (folder / "1").write_text(content)
    claim = found(folder)
    assert claim == Claim(number=1, touched_ns=claim.touched_ns)
    assert (claim.lease_s, claim.holder) == (LEASE_S, "whose claim cannot be read")
    assert claim.touched_ns > 0


@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_a_damaged_claim(folder: Path, make: Any) -> None:
    make(folder / "2")
    assert (found(folder).number, found(folder).token) == (2, "")


def test_links_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "2").symlink_to(tmp_path / "mine")
    with pytest.raises(RsbenchError, match="2 is a link, and no claim is read through links"):
        claims.newest(folder)
    with pytest.raises(FileNotFoundError):
        claims.touch(folder, 3)
    claims.touch(folder, 2)
    assert not claims.make(folder, Claim(number=2)) and not (tmp_path / "mine").exists()
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(RsbenchError, match="link is a link"):
        claims.make(tmp_path / "link", Claim(number=5))


def test_the_time_is_the_servers_and_nothing_is_left(folder: Path) -> None:
    before_ns = found(folder).touched_ns
    os.utime(folder / "1", ns=(1, 1))
    claims.touch(folder, 1)
    assert before_ns <= found(folder).touched_ns <= claims.server_now_ns(folder)
    assert os.listdir(folder) == ["1"]


def test_a_claim_is_over_when_its_lease_is_and_some_beats_were_waited_for(folder: Path) -> None:
    clock = Clock()
    watch = Watch(clock)
    watch.look(folder, aged(folder, 600.0))
    assert not watch.is_expired(folder), "its server may just have come back"
    assert watch.is_silent(folder)
    clock.now += 9.9
    assert not watch.is_expired(folder)
    clock.now += 0.2
    watch.look(folder, found(folder))
    assert watch.is_expired(folder)
    assert watch.silent_s(folder) == pytest.approx(610.1, abs=0.5)


def test_a_sign_of_life_begins_the_lease_again(folder: Path) -> None:
    clock = Clock()
    watch = Watch(clock)
    watch.look(folder, aged(folder, 55.0))
    clock.now += 4.0
    assert not watch.is_expired(folder) and not watch.is_alive(folder)
    claims.touch(folder, 1)
    watch.look(folder, found(folder))
    clock.now += 59.0
    assert watch.is_alive(folder) and not watch.is_expired(folder)
    clock.now += 1.1
    assert watch.is_expired(folder) and not watch.is_alive(folder)


def test_a_new_claim_is_no_sign_of_the_one_before(folder: Path) -> None:
    watch = Watch(Clock())
    watch.look(folder, found(folder))
    claims.make(folder, Claim(number=2, token="bb", host="b", pid=5))
    watch.look(folder, found(folder))
    assert not watch.is_alive(folder)


def test_a_time_to_come_is_over_after_a_lease_of_this_process(folder: Path) -> None:
    clock = Clock()
    watch = Watch(clock)
    watch.look(folder, aged(folder, -1e6))
    clock.now += 59.9
    assert not watch.is_expired(folder)
    clock.now += 0.2
    assert watch.is_expired(folder)


def test_machines_are_told_apart_by_name_and_start() -> None:
    same = Claim(number=2, host="a", boot_id="b")
    assert CLAIM.shares_machine_with(same)
    for other in ({"host": "z"}, {"boot_id": "z"}):
        assert not CLAIM.shares_machine_with(Claim(**{**vars(same), **other}))
    nowhere = Claim(number=1, host="a")
    assert not nowhere.shares_machine_with(nowhere), "nothing tells whether it is the same"
