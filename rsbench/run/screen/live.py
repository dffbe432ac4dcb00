"""Progress as two bars that redraw in place, for terminals."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rsbench.cell import CellSpec
from rsbench.console import say, styled
from rsbench.run.screen.cell_state import CellState
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.progress import Progress

_REDRAW_S: Final = 0.25
_GAP: Final = 2
_NARROWEST_BAR: Final = 8
_WIDEST_BAR: Final = 40


class LiveProgress(Progress):
    """A bar for the cell, one for all cells, and a line of details.

    Args:
        labels: the cells' names.
        console: a terminal.
    """

    def __init__(self, labels: Labels, console: Console) -> None:
        super().__init__(labels)
        # No thread redraws: processes are forked while this is shown.
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()
        self._drawn = 0.0

    def close(self) -> None:
        """Remove the bars."""
        self._live.stop()

    def _print(self, line: str) -> None:
        say(self._live.console, line)

    def _show_begin(self, spec: CellSpec, state: CellState) -> None:
        self._draw(spec, state)

    def _show(self, spec: CellSpec, state: CellState) -> None:
        if time.monotonic() - self._drawn < _REDRAW_S:
            return
        state.read()
        self._draw(spec, state)

    def _draw(self, spec: CellSpec, state: CellState) -> None:
        self._drawn, console = time.monotonic(), self._live.console
        cell_left, all_left = self._left_words(state)
        done, total = self._time_left.done, self._time_left.total
        rows = [(self._labels.label(spec), state.step, state.steps, state.activity, cell_left)]
        if total > 1:
            rows.append(("all cells", done, total, f"{done}/{total} done", all_left))
        details = fitting(state.details(), console.width)
        lines: list[Table | Text] = [_bars(rows, console), *([styled(console, details, "dim")] if details else [])]
        self._live.update(Group(*lines), refresh=True)


def _bars(rows: Sequence[tuple[str, int, int, str, str]], console: Console) -> Table:
    """Return lines of (name, done, total, words, time left), which keep to the console's width."""
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    name_width = min(_widest(row[0] for row in rows), max(9, console.width // 3))
    others = [_widest(row[3] for row in rows), _widest(row[4] for row in rows)]
    room = console.width - name_width - sum(others) - 3 * _GAP - 1
    grid.add_column(width=name_width, no_wrap=True, overflow="ellipsis")
    if room >= _NARROWEST_BAR:
        grid.add_column()
    for width in others:
        grid.add_column(min_width=width, no_wrap=True, overflow="ellipsis")
    for name, done, total, words, left in rows:
        cells: list[RenderableType] = [styled(console, name, "cyan")]
        if room >= _NARROWEST_BAR:
            cells.append(ProgressBar(total=max(1, total), completed=done, width=min(room, _WIDEST_BAR)))
        grid.add_row(*cells, styled(console, words), styled(console, left))
    return grid


def _widest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts))


def fitting(words: Sequence[str], width: int) -> str:
    """Return as many words as fit on a line of so many characters, two spaces between them."""
    line = ""
    for word in words:
        longer = f"{line}  {word}" if line else word
        if cell_len(longer) > width:
            break
        line = longer
    return line
