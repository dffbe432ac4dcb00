"""Modelled steps beside measured ones: the model's error on links that were emulated."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rsbench.links.link import Link
from rsbench.links.worker_links import parse_worker_links
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method

DISTURBED: Final = 1.1
"""Factor by which other programs lengthened the computing of a measured step, from which it is no measure of a model.

A prediction is corrected for them, a measured step cannot be."""
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
        load: by what factor other programs lengthened the computing while it was measured.
        doubt: why the prediction is not to be trusted; empty where it is.
    """

    label: str
    workers: int
    link: str
    predicted_s: float
    measured_s: float
    compute_s: float
    load: float = 1.0
    doubt: str = ""

    @property
    def error(self) -> float:
        """Relative error of the prediction: above 0 it is too long."""
        return self.predicted_s / self.measured_s - 1

    @property
    def exchange_share(self) -> float:
        """Share of the measured step that computing does not explain, from 0 to 1."""
        return max(0.0, 1 - self.compute_s / self.measured_s)

    @property
    def counts(self) -> bool:
        """Whether the row tells the model's error: a third of the step is exchange, and nothing disturbed it."""
        return self.exchange_share >= WORTH_PREDICTING and not self.is_disturbed

    @property
    def is_disturbed(self) -> bool:
        """Whether other programs lengthened the measured step."""
        return self.load > DISTURBED


def predictions(comparisons: Sequence[Comparison]) -> list[Predicted]:
    """Return what was predicted and measured, by method and from slow links to fast ones.

    Args:
        comparisons: of settings that differ in their link only; nothing is predicted unless one of them has no
            emulated link. Links that differ between workers are modelled by the slowest.
    """
    base = next((one for one in comparisons if not one.setting.cell.get("link")), None)
    if base is None:
        return []
    emulated = [one for one in comparisons if one.setting.cell.get("link")]
    emulated.sort(key=lambda one: (slowest_link(one).bits_per_s, slowest_link(one).round_trip_s))
    found = (_predicted(base, method, comparison) for method in base.finished for comparison in emulated)
    return [one for one in found if one is not None]


def slowest_link(comparison: Comparison) -> Link:
    """Return the link that holds up a setting's workers."""
    cell = comparison.setting.cell
    return parse_worker_links(cell["link"]).slowest(int(cell["workers"]))


def _predicted(base: Comparison, method: Method, comparison: Comparison) -> Predicted | None:
    """Return one row, None where the method was not measured on that link or its cost is unknown."""
    measured = next((one for one in comparison.finished if one.label == method.label), None)
    costs, prediction = base.costs(method), base.predict(method, slowest_link(comparison))
    if measured is None or not measured.step_s or costs is None or prediction is None:
        return None
    return Predicted(
        label=method.label,
        workers=int(comparison.setting.cell["workers"]),
        link=comparison.setting.cell["link"],
        predicted_s=prediction.step_s,
        measured_s=measured.step_s,
        compute_s=costs.compute_s,
        load=measured.load,
        doubt=prediction.doubt,
    )


def median_error(every: Sequence[Predicted]) -> float | None:
    """Return the median of the errors' sizes over the rows that count, None where none does."""
    errors = [abs(one.error) for one in every if one.counts]
    return statistics.median(errors) if errors else None
