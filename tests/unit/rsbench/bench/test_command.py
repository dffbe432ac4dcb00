"""The course of a benchmark, with a timer that times nothing."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from rsbench.bench import command
from rsbench.bench.command import BenchConfig
from rsbench.bench.measured import Measured, Part
from rsbench.bench.rows import Row
from rsbench.bench.timing import TimingFailed
from rsbench.errors import RsbenchError

CONFIG = BenchConfig(compressors=("noop", "topk"), repeats=2, plain_hooks=False, floors=False)


class FakeTimer:
    """Answers at once; what a row's label is the key of is called first."""

    at: dict[str, Callable[[], None]]

    def __init__(self, *_: Any, **__: Any) -> None:
        self.asked: list[tuple[str, str]] = []
        self.closed = False
        FakeTimer.last = self

    def time(self, part: Part, row: Row, tick: Callable[[], None]) -> dict[str, Any]:
        self.asked.append((part, row.method))
        self.at.get(row.method, lambda: None)()
        numbers = {"exchange_s": [0.1], "copy_s": [0.01], "peak_bytes": [1.0]}
        return {"ranks": [numbers], "elements": 10, "torch": "2", "kernels": "compiled"}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> type[FakeTimer]:
    monkeypatch.setattr(command, "Timer", FakeTimer)
    monkeypatch.setattr(command.probe, "model_facts", lambda *_: SimpleNamespace(shapes={"w": [2, 5]}))
    monkeypatch.setattr(FakeTimer, "at", {}, raising=False)
    return FakeTimer


def measure(config: BenchConfig = CONFIG, keep: Path | None = None) -> Measured:
    return command.measure(config, Console(file=io.StringIO()), keep)


def test_every_other_round_goes_backwards(timer: type[FakeTimer]) -> None:
    measured = measure()
    first = [
        *(("exchange", name) for name in ("plain DDP", "noop", "topk")),
        *(("compress", name) for name in ("noop", "topk")),
        *(("memory", name) for name in ("plain DDP", "topk")),
    ]
    assert timer.last.asked == [*first, *first[::-1]]
    assert timer.last.closed
    assert {part: len(rounds) for part, rounds in measured.find("topk", 0.001).rounds.items()} == {
        **{"exchange": 2, "compress": 2, "memory": 2}
    }
    assert measured.facts == {"elements": 10, "torch": "2", "kernels": "compiled"}
    assert measured.machine["load_end"] is not None


def test_a_row_that_fails_is_asked_no_more_and_loses_no_other(timer: type[FakeTimer]) -> None:
    def fail() -> None:
        raise TimingFailed("rank 0 raised ValueError: eels")

    timer.at["noop"] = fail
    measured = measure()
    assert timer.last.asked.count(("exchange", "noop")) == 1
    assert measured.find("noop").failed == "rank 0 raised ValueError: eels"
    assert len(measured.find("topk", 0.001).rounds["exchange"]) == 2


def test_samples_are_kept_as_they_come_and_a_signal_ends_with_what_is_there(
    timer: type[FakeTimer], tmp_path: Path
) -> None:
    kept: list[int] = []

    def look() -> None:
        found = Measured.read(tmp_path / "b.json")
        kept.append(sum(len(rounds) for one in found.rows for rounds in one.rounds.values()))
        os.kill(os.getpid(), signal.SIGTERM)

    timer.at["topk"] = look
    measured = measure(keep=tmp_path / "b.json")
    assert kept == [2], "plain DDP and noop, while topk is timed"
    assert measured.stopped == signal.SIGTERM
    assert Measured.read(tmp_path / "b.json").stopped == signal.SIGTERM
    assert len(timer.last.asked) == 3
    assert timer.last.closed


def test_a_crash_of_our_own_leaves_no_process(timer: type[FakeTimer], tmp_path: Path) -> None:
    def crash() -> None:
        raise KeyError("eels")

    timer.at["topk"] = crash
    with pytest.raises(KeyError):
        measure(keep=tmp_path / "b.json")
    assert timer.last.closed
    assert len(Measured.read(tmp_path / "b.json").find("noop").rounds["exchange"]) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"densities": (0.1, 1.5)}, "--density 1.5 is out of range"),
        ({"workers": 0}, "at least 1"),
        ({"repeats": 10_001}, "at most --workers 256 and --repeats 10000"),
        ({"threads": (1, 257)}, "--threads must be from 1 to 256"),
        ({"against": Path("/proc")}, "holds no rsbench"),
    ],
)
def test_numbers_out_of_range_are_refused(timer: type[FakeTimer], changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RsbenchError, match=words):
        measure(BenchConfig(**changes))
