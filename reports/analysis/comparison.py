"""One setting's rows beside the row that they are compared with, by the metrics of their task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from rsbench.metrics import TASKS, Metric, TaskFacts
from rsbench.reports.analysis.link_model import BreakEven, break_even
from rsbench.reports.analysis.methods import Method, methods_of, reference_of
from rsbench.reports.analysis.settings import Setting
from rsbench.reports.analysis.statistics import Difference, Spread, paired_difference, pareto_front, simultaneous, spread

DEFAULT_TASK: Final = "scenes"
"""The task of a setting without a finished cell, where nothing is scored yet."""

TOLERATED_LOSS: Final = 0.03
"""Fraction of OA (3 points): a larger mean loss is called lower even where the interval is wide or missing."""

TOLERATED_AUC_LOSS: Final = 0.01
"""The same for areas under a curve, of which only the upper half, mostly its upper end, is in use."""

WORTH_NAMING: Final = 0.005
"""Half a point of OA, or 0.005 of an AUC, from which a difference is worth a word."""

NOTICEABLE: Final = 0.05
"""Share of a step time below which two measured step times are called equal."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What needs no training, such as a matched filter: it has an accuracy and neither bytes nor steps.

    Attributes:
        name: as the records call it.
        by_seed: metric -> seed -> value, over all finished cells.
    """

    name: str
    by_seed: Mapping[str, Mapping[int, float]]

    @property
    def label(self) -> str:
        """What the tables call it."""
        return f"{self.name} (no training)"

    def test(self, metric: str) -> Spread | None:
        """Return a metric over seeds; one value without spread where all seeds agree."""
        values = list(self.by_seed.get(metric, {}).values())
        return spread(values[:1] if len(set(values)) == 1 else values)


@dataclass(frozen=True)
class Comparison:
    """The rows of one setting's tables.

    Attributes:
        setting: the records.
        against: label of a row that the others are compared with in a table of its own; empty for none.
    """

    setting: Setting
    against: str = ""

    @cached_property
    def methods(self) -> list[Method]:
        """All rows: the reference first, what does not train last."""
        return methods_of(self.setting.records)

    @cached_property
    def finished(self) -> list[Method]:
        """The rows with a finished cell."""
        return [method for method in self.methods if method.chosen]

    @cached_property
    def trained(self) -> list[Method]:
        """The finished rows whose accuracy means anything."""
        return [method for method in self.finished if method.trains]

    @cached_property
    def task_name(self) -> str:
        """The task as the records call it."""
        described = (record["dataset"] for method in self.methods for record in method.records if record.get("dataset"))
        return next((str(dataset["task"]) for dataset in described), DEFAULT_TASK)

    @property
    def task(self) -> TaskFacts:
        """What the rows are scored by."""
        return TASKS[self.task_name]

    @property
    def metric(self) -> Metric:
        """The metric that rows are compared by."""
        return self.task.metric

    @cached_property
    def reference(self) -> Method | None:
        """The finished row that the others are compared with."""
        return reference_of(self.methods)

    @cached_property
    def gaps(self) -> dict[str, Difference | None]:
        """The rows' differences to the reference by label, corrected for how many there are."""
        return {} if self.reference is None else gaps_to(self.reference, self.trained, self.metric)

    def gap(self, method: Method) -> Difference | None:
        """Return a row's difference to the reference, None for the reference and for what cannot be compared."""
        return self.gaps.get(method.label)

    @property
    def comparisons(self) -> int:
        """How many differences were tested together."""
        return sum(gap is not None and gap.p is not None for gap in self.gaps.values())

    @property
    def tolerated_loss(self) -> float:
        """The mean loss of the metric from which a method is called lower."""
        return TOLERATED_LOSS if self.metric.percent else TOLERATED_AUC_LOSS

    def is_lower(self, method: Method) -> bool:
        """Return whether a row loses accuracy: its whole interval is below zero, or its mean loss is not tolerated."""
        gap = self.gap(method)
        return gap is not None and (gap.is_below or gap.mean < -self.tolerated_loss)

    def speed_up(self, method: Method) -> float | None:
        """Return how many times as fast as the reference's step a row's is, None where a step time is unknown."""
        step_s, reference_s = method.step_s, self.reference and self.reference.step_s
        return reference_s / step_s if reference_s and step_s else None

    def break_even(self, method: Method) -> BreakEven | None:
        """Return at which link speeds a row is faster than the reference, None for itself and for unknown costs."""
        reference = self.reference
        if reference is None or method is reference or method.cost is None or reference.cost is None:
            return None
        return break_even(method.cost, reference.cost)

    @cached_property
    def baselines(self) -> list[Baseline]:
        """What was scored without training, in the order of the records."""
        values: dict[str, dict[str, dict[int, float]]] = {}
        for record in (record for method in self.methods for record in method.done):
            for name, scores in (record["accuracy"] or {}).get("baselines", {}).items():
                for metric in self.task.metrics:
                    if scores.get(metric.name) is not None:
                        by_seed = values.setdefault(name, {}).setdefault(metric.name, {})
                        by_seed[int(record["cell"]["seed"])] = float(scores[metric.name])
        return [Baseline(name=name, by_seed=by_seed) for name, by_seed in values.items()]

    def baseline_gap(self, baseline: Baseline) -> Difference | None:
        """Return a baseline's difference to the reference; it is no compressor and enters no correction."""
        if self.reference is None:
            return None
        name = self.metric.name
        return paired_difference(baseline.by_seed.get(name, {}), self.reference.test_by_seed(name))

    @cached_property
    def front(self) -> frozenset[str]:
        """The labels of the rows that no other beats in payload bytes of the run and in mean accuracy."""
        points = {}
        for method in self.trained:
            score, payload = method.test(self.metric.name), method.mean("traffic", "payload_bytes_total")
            if score is not None and payload is not None:
                points[method.label] = (payload, score.mean)
        labels = list(points)
        return frozenset(labels[index] for index in pareto_front(list(points.values())))


def gaps_to(base: Method, methods: Sequence[Method], metric: Metric) -> dict[str, Difference | None]:
    """Return the paired differences of some rows to another by label, with Holm's correction over all of them."""
    reference = base.test_by_seed(metric.name)
    return simultaneous(
        {
            method.label: paired_difference(method.test_by_seed(metric.name), reference)
            for method in methods
            if method is not base
        }
    )
