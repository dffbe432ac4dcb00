"""How differences are judged: which loss is tolerated, and what intervals are about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from rsbench.errors import RsbenchError
from rsbench.metrics import Metric

Intervals = Literal["images", "test-set", "new-data"]
INTERVALS: Final[tuple[str, ...]] = get_args(Intervals)

TOLERATED_LOSS: Final = 0.03
"""Fraction of OA (3 points): a larger mean loss is called lower even where the interval is wide or missing."""

TOLERATED_AUC_LOSS: Final = 0.01
"""The same for areas under a curve, of which only the upper half, mostly its upper end, is in use."""

_ROUNDING: Final = 1e-12
"""More than what the last digits of two scores add to their difference: 0.87 - 0.90 is a little below -0.03."""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """What a user wants differences to be judged by.

    Attributes:
        tolerance: the largest mean loss that is no reason to leave a method out while its interval holds zero, in
            points of OA or hundredths of an area under a curve; None takes 3 and 1.
        intervals: ``images`` for claims on other seeds and other test images where the records of both rows say
            which images were right and all seeds share them, elsewhere as ``test-set``; ``test-set`` for claims on
            other seeds and the test samples at hand, by the plain paired t test; ``new-data`` for claims on other
            samples of the same kind, by the corrected resampled one.
    """

    tolerance: float | None = None
    intervals: Intervals = "images"

    def __post_init__(self) -> None:
        """Refuse a tolerance that no loss can have.

        Raises:
            RsbenchError: it is no number from 0 to 100.
        """
        if self.tolerance is not None and not (math.isfinite(self.tolerance) and 0 <= self.tolerance <= 100):
            raise RsbenchError(
                f"--tolerance is {self.tolerance:g}, but a tolerated loss is a number of points from 0 to 100, such as "
                "--tolerance 1.5."
            )

    def is_intolerable(self, metric: Metric, change: float) -> bool:
        """Return whether a mean change of a metric, as a fraction, is a loss of more than the tolerated one."""
        return change < -self.tolerated_loss(metric) - _ROUNDING

    def tolerated_loss(self, metric: Metric) -> float:
        """Return the largest mean loss of a metric, as a fraction, that is tolerated."""
        if self.tolerance is not None:
            return self.tolerance / 100
        return TOLERATED_LOSS if metric.percent else TOLERATED_AUC_LOSS


DEFAULT: Final = Judging()
"""How differences are judged when the user says nothing."""
