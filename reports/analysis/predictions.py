"""Modelled steps beside measured ones: the model's error on links that were emulated."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rsbench.links.worker_links import parse_worker_links
from rsbench.reports.analysis.comparison import Comparison

WORTH_PREDICTING: Final = 1 / 3
"""Share of a measured step that is exchange from which the model's error says something about links."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """One method on one emulated link.

    Attributes:
        label: of the method.
        workers: world size.
        link: canonical text of the workers' links.
        predicted_s: the modelled step, from the records without an emulated link alone.
        measured_s: the median step, mean over seeds.
        compute_s: the modelled step without any exchange.
    """

    label: str
    workers: int
    link: str
    predicted_s: float
    measured_s: float
    compute_s: float

    @property
    def error(self) -> float:
        """Relative error of the prediction: above 0 it is too long."""
        return self.predicted_s / self.measured_s - 1

    @property
    def counts(self) -> bool:
        """Whether exchange is a third of the measured step or more."""
        return self.measured_s - self.compute_s >= WORTH_PREDICTING * self.measured_s


def predictions(comparisons: Sequence[Comparison]) -> list[Predicted]:
    """Return what was predicted and measured, for settings that differ in their link only.

    Args:
        comparisons: of one work, one of them without an emulated link; links that differ between workers are modelled
            by the slowest.
    """
    base = next((one for one in comparisons if not one.setting.cell.get("link")), None)
    if base is None:
        return []
    found = []
    for comparison in comparisons:
        link = comparison.setting.cell.get("link")
        if not link:
            continue
        workers = int(comparison.setting.cell["workers"])
        slowest = parse_worker_links(link).slowest(workers)
        by_label = {method.label: method for method in base.finished}
        for method in comparison.finished:
            costs = base.costs(by_label[method.label]) if method.label in by_label else None
            if costs is not None and method.step_s:
                found.append(
                    Predicted(
                        label=method.label,
                        workers=workers,
                        link=link,
                        predicted_s=costs.step_time_s(slowest),
                        measured_s=method.step_s,
                        compute_s=costs.compute_s,
                    )
                )
    return found


def median_error(every: Sequence[Predicted]) -> float | None:
    """Return the median of the errors' sizes over the rows that count, None where none does."""
    errors = [abs(one.error) for one in every if one.counts]
    return statistics.median(errors) if errors else None


def median_errors(every: Sequence[Predicted]) -> dict[str, float]:
    """Return the same for each method."""
    labels = dict.fromkeys(one.label for one in every)
    found = {label: median_error([one for one in every if one.label == label]) for label in labels}
    return {label: error for label, error in found.items() if error is not None}
