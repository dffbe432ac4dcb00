"""The bars on a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from screen_parts import SPEC, STEP, append

from rsbench.run.screen.cell_state import CellState
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.live import LiveProgress, fitting

LONG = replace(SPEC, compressor="rsdgc:alpha=0.5,policy=uniform,warmup_epochs=4", seed=1)


def frames(tmp_path: Path, width: int) -> list[str]:
    """The lines that are drawn while a cell of four trains, without escape sequences."""
    screen = io.StringIO()
    live = LiveProgress(Labels.of([SPEC, LONG]), Console(file=screen, force_terminal=True, width=width))
    path = tmp_path / "samples.jsonl"
    live.begin(LONG, CellState(path=path, steps=30, epochs=3), 4)
    append(path, STEP)
    live._drawn = 0.0
    live.tick()
    live.end(LONG, "done in 3 s", 4)
    live.close()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "\n", screen.getvalue()).split("\n")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_two_bars_fit_the_width(tmp_path: Path, width: int) -> None:
    lines = frames(tmp_path, width)
    assert max(cell_len(line) for line in lines) <= width
    drawn = " ".join(lines)
    for words in ("step 10/30", "all cells", "0/4 done", "10 s left", "[1/4]"):
        assert words in drawn
    assert ("━" in drawn) == (width > 40)


def test_as_many_details_as_fit() -> None:
    assert fitting(["loss 1.5", "val OA 75.5 %", "epoch 2/3"], 24) == "loss 1.5  val OA 75.5 %"
    assert fitting(["loss 1.5"], 3) == ""
