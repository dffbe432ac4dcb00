"""How far the host runs ahead of its device where nothing is read between batches."""

from __future__ import annotations

from typing import Any

from rsbench.measure.clock import Clock


class Pace:
    """Keeps the host at most one batch ahead, so that signs of life are the device's and batches do not pile up.

    Args:
        clock: of the device.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before: Any = None

    def keep(self) -> None:
        """Mark that a batch was launched, and wait for the one before it."""
        before, self._before = self._before, self._clock.mark()
        if before is not None:
            self._clock.wait(before)
