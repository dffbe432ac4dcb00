"""What a step takes on a link."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A modelled step.

    Attributes:
        step_s: in seconds.
        low_s: lower end of its interval, None where there is none.
        high_s: upper end.
        doubt: why the number is not to be trusted; empty where it is.
    """

    step_s: float
    low_s: float | None = None
    high_s: float | None = None
    doubt: str = ""
