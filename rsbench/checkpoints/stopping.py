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
_MOST_STEPS: Final = 1000
_asked: list[int] = []
"""Signals that asked this process to stop."""


class StoppedError(Exception):
    """Training ended early, because this rank or another was asked to stop; its text says after which step."""


@contextmanager
def listening() -> Iterator[None]:
    """Note SIGTERM instead of ending at once; the main thread of a rank uses it while it trains."""

    def note(number: int, frame: FrameType | None) -> None:
        _asked.append(number)

    _asked.clear()
    before = signal.signal(signal.SIGTERM, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Ranks(Protocol):
    """All ranks of a run."""

    def largest(self, values: Sequence[float]) -> list[float]:
        """Return the largest of each value over all ranks; a collective call."""


class Vote:
    """Asks all ranks whether one was asked to stop, about once a second and after the same steps.

    Args:
        ranks: that vote.
        every: steps from one exchange to the next; ranks vote at an exchange.
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
            return self._every
        since_step, since_s = self._last
        step_s = (time.monotonic() - since_s) / (step - since_step)
        steps = min(_MOST_STEPS, int(VOTE_S / max(step_s, 1e-9)))
        return max(1, round(steps / self._every)) * self._every
