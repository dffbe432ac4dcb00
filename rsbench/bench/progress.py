"""How far a benchmark is: a bar on a terminal, else a line every few seconds."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from rsbench.bars import bars
from rsbench.console import say
from rsbench.units import duration_text

PLAIN_INTERVAL_S: Final = 5.0
_FIRST: Final = 5


class BenchProgress:
    """Shows the timings of a benchmark, one after the other.

    Args:
        console: for progress.
        total: timings in all.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._bars = bars(console, MofNCompleteColumn(), TimeRemainingColumn(), auto_refresh=False)  # forks meanwhile
        self._task = self._bars.add_task("starting", total=total)
        self._plain = not console.is_terminal
        self._console, self._total, self._done = console, total, 0
        self._began, self._said = time.monotonic(), -PLAIN_INTERVAL_S

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, words: str) -> None:
        """Show what is timed next."""
        self._bars.update(self._task, description=words, refresh=True)
        now = time.monotonic()
        if self._plain and now - self._said >= PLAIN_INTERVAL_S:
            self._said = now
            say(self._console, f"[{self._done + 1}/{self._total}] {words}{self._left(now)}")

    def tick(self) -> None:
        """Redraw, while a timing runs."""
        self._bars.refresh()

    def advance(self, timings: int = 1) -> None:
        """Note that timings are done, or will not come."""
        self._done += timings
        self._bars.update(self._task, completed=self._done, refresh=True)

    def _left(self, now: float) -> str:
        if self._done < _FIRST:  # they start processes, which takes longer
            return ""
        left_s = (now - self._began) / self._done * (self._total - self._done)
        return f", about {duration_text(left_s)} left"
