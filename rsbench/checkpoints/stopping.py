"""When ranks stop together: one of them was asked to, and all agree after which step."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final, Protocol

EXIT_CODE: Final = 75
"""Of a rank that stopped when asked to (``EX_TEMPFAIL``: try again later)."""
VOTE_S: Final = 1.0
"""About so often ranks ask each other."""
LONGEST_S: Final = 15.0
"""Ranks that exchange less often than this ask each other between two exchanges, too."""
_MOST_STEPS: Final = 1000
_asked: list[int] = []
"""Signals that asked this process to stop."""


class StoppedError(Exception):
    """Training ended early, because this rank or another was asked to stop; its text says after which step."""


@contextmanager
def listening() -> Iterator[None]:
    """Note SIGTERM and SIGINT instead of ending at once; the main thread of a rank uses it while it trains.

    A Ctrl-C reaches ranks only inside a torchrun that somebody else started.
    """

    def note(number: int, frame: FrameType | None) -> None:
        _asked.append(number)

    _asked.clear()
    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Ranks(Protocol):
    """All ranks of a run."""

    def largest(self, values: Sequence[float]) -> list[float]:
        """Return the largest of each value over all ranks; a collective call."""


class Vote:
    """Asks all ranks whether one was asked to stop, about once a second and after the same steps.

    Ranks wait for each other there, as at an exchange; so they vote at exchanges, unless these are many seconds apart.

    Args:
        ranks: that vote.
        every: steps from one exchange to the next.
    """

    def __init__(self, ranks: Ranks, every: int) -> None:
        self._ranks, self._every = ranks, every
        self._next = 0
        self._last: tuple[int, float] | None = None

    def is_to_stop(self, step: int) -> bool:
        """Return whether all ranks are to stop; at most steps there is no vote, and the answer is no.

        Args:
            step: steps that are done, the same on all ranks.
        """
        if step < self._next:
            return False
        asked, pause = self._ranks.largest([float(bool(_asked)), float(self._pause(step))])
        self._last = step, time.monotonic()
        self._next = step + int(pause)
        return bool(asked)

    def _pause(self, step: int) -> int:
        """Return how many steps this rank would let pass before the next vote."""
        if self._last is None or step == self._last[0]:
            return 1
        since_step, since_s = self._last
        step_s = max((time.monotonic() - since_s) / (step - since_step), 1e-9)
        if step_s * self._every > LONGEST_S:
            return max(1, int(LONGEST_S / step_s))
        steps = step + min(_MOST_STEPS, int(VOTE_S / step_s))
        return max(step // self._every + 1, round(steps / self._every)) * self._every - step
