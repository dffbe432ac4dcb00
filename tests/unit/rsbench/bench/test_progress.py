"""How far a benchmark is, without a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from rsbench.bench import progress


def test_files_get_a_line_every_few_seconds(monkeypatch: Any) -> None:
    clock = iter([0.0, 0.0, 4.0, 11.0, 22.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    lines = io.StringIO()
    with progress.BenchProgress(Console(file=lines), 20) as shown:
        shown.begin("plain DDP")
        shown.advance()
        shown.begin("too soon")
        shown.advance(2)
        shown.begin("topk")
        shown.advance(8)
        shown.begin("dgc")
    assert lines.getvalue().splitlines() == ["[1/20] plain DDP", "[4/20] topk", "[12/20] dgc, about 18 s left"]


def test_a_terminal_gets_a_bar_and_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress.BenchProgress(console, 4) as shown:
        shown.begin("rsdgc")
        shown.tick()
        shown.advance()
    assert "rsdgc" in console.file.getvalue()  # type: ignore[attr-defined]
    assert capsys.readouterr().err == ""
