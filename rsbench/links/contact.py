"""When a link is there: so long in each period, as satellites pass over a ground station. Torch-free."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from rsbench.errors import RsbenchError

_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(s|m|min|h|d)", re.ASCII | re.IGNORECASE)
_SECONDS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST_PERIOD_S: Final = 366 * 86400.0


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A link that is there for a while in each period.

    Each step exchanges gradients, so training goes on during a pass only. A step that a pass cuts goes on in the next
    one where it stopped; to begin a pass costs nothing.

    Attributes:
        visible_s: length of a pass, in seconds.
        period_s: from the begin of a pass to the begin of the next, in seconds.
    """

    visible_s: float
    period_s: float

    def __post_init__(self) -> None:
        """Refuse passes that cannot be.

        Raises:
            RsbenchError: no pass at all, or one that is longer than its period.
        """
        if not 0 < self.visible_s <= self.period_s <= LONGEST_PERIOD_S:
            raise RsbenchError(
                f"A contact of {self.visible_s:g} s in {self.period_s:g} s is not possible: a pass is longer than 0 s "
                "and at most as long as its period, and a period at most a year."
            )

    @property
    def duty(self) -> float:
        """The share of time in which the link is there."""
        return self.visible_s / self.period_s

    def passes(self, busy_s: float) -> int:
        """Return how many passes ``busy_s`` seconds of training take, at least 1."""
        # What is over by rounding is no pass of its own.
        return max(1, math.ceil(busy_s / self.visible_s - 1e-9))

    def elapsed_s(self, busy_s: float) -> float:
        """Return the seconds from the first pass to the end of training: periods before the last pass, and the rest."""
        before = self.passes(busy_s) - 1
        return before * self.period_s + (busy_s - before * self.visible_s)

    @property
    def title(self) -> str:
        """What tables call it: ``8 min of each 95 min``."""
        return f"{_time_text(self.visible_s)} of each {_time_text(self.period_s)}"


def parse_contact(text: str) -> Contact:
    """Return the contact that a text such as ``8m/95m`` gives: the length of a pass, and of a period.

    Raises:
        RsbenchError: one sentence that says what a contact looks like.
    """
    visible, slash, period = text.partition("/")
    matches = [_TIME.fullmatch(part.strip()) for part in (visible, period)]
    if not slash or matches[0] is None or matches[1] is None:
        raise RsbenchError(
            f'The contact "{text}" cannot be read: write 8m/95m for a link that is there 8 minutes of each 95 (units: '
            "s, m, h, d)."
        )
    visible_s, period_s = (float(match[1]) * _SECONDS[match[2].lower()] for match in matches if match)
    return Contact(visible_s=visible_s, period_s=period_s)


def _time_text(seconds: float) -> str:
    """Return 480 as ``8 min``."""
    for unit, factor in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= factor and not seconds % factor:
            return f"{seconds / factor:g} {unit}"
    return f"{seconds:g} s"
