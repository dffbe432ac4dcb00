"""One setting's rows beside the row that they are compared with, by the metrics of their task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rsbench.metrics import TASKS, Metric, TaskFacts
from rsbench.reports.analysis.methods import Method, reference_of
from rsbench.reports.analysis.statistics import Difference, Spread, corrected, paired_difference, pareto_front, spread
from rsbench.results.schema import Record

DEFAULT_TASK = "scenes"
"""Of a setting without a finished cell: nothing is scored yet."""


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
        """Return what the tables call it."""
        return f"{self.name} (no training)"

    def test(self, metric: str) -> Spread | None:
        """Return a metric over seeds; one value without spread where all seeds agree."""
        values = list(self.by_seed.get(metric, {}).values())
        return spread(values[:1] if len(set(values)) == 1 else values)


@dataclass(frozen=True)
class Comparison:
    """The rows of one table.

    Attributes:
        methods: all rows, as ``methods_of`` gives them.
    """

    methods: Sequence[Method]

    @cached_property
    def task_name(self) -> str:
        """Return the task as the records call it."""
        return task_of([record for method in self.methods for record in method.records])

    @property
    def task(self) -> TaskFacts:
        """Return what the rows are scored by."""
        return TASKS[self.task_name]

    @property
    def metric(self) -> Metric:
        """Return the metric that rows are compared by."""
        return self.task.metric

    @cached_property
    def reference(self) -> Method | None:
        """Return the finished row that the others are compared with."""
        return reference_of(self.methods)

    @cached_property
    def trained(self) -> list[Method]:
        """Return the finished rows whose accuracy means anything."""
        return [method for method in self.methods if method.chosen and method.trains]

    @cached_property
    def gaps(self) -> dict[str, Difference | None]:
        """Return the rows' differences to the reference by label, corrected for how many there are."""
        return {} if self.reference is None else gaps_to(self.reference, self.trained, self.metric)

    def gap(self, method: Method) -> Difference | None:
        """Return a row's difference to the reference, None for the reference and for what cannot be compared."""
        return self.gaps.get(method.label)

    @property
    def comparisons(self) -> int:
        """Return how many differences were tested together."""
        return sum(found is not None and found.p is not None for found in self.gaps.values())

    @cached_property
    def baselines(self) -> list[Baseline]:
        """Return what was scored without training, in the order of the records."""
        values: dict[str, dict[str, dict[int, float]]] = {}
        for record in (record for method in self.methods for record in method.done):
            for name, found in (record["accuracy"] or {}).get("baselines", {}).items():
                for metric in self.task.metrics:
                    if found.get(metric.name) is not None:
                        by_seed = values.setdefault(name, {}).setdefault(metric.name, {})
                        by_seed[int(record["cell"]["seed"])] = float(found[metric.name])
        return [Baseline(name=name, by_seed=by_seed) for name, by_seed in values.items()]

    def baseline_gap(self, baseline: Baseline) -> Difference | None:
        """Return a baseline's difference to the reference; it is no compressor and enters no correction."""
        if self.reference is None:
            return None
        name = self.metric.name
        return paired_difference(baseline.by_seed.get(name, {}), self.reference.test_by_seed(name))

    @cached_property
    def front(self) -> frozenset[str]:
        """Return the labels of the rows that no other beats in payload bytes of the run and in mean accuracy."""
        points = {}
        for method in self.trained:
            found, payload = method.test(self.metric.name), method.mean("traffic", "payload_bytes_total")
            if found is not None and payload is not None:
                points[method.label] = (payload, found.mean)
        labels = list(points)
        return frozenset(labels[index] for index in pareto_front([points[label] for label in labels]))


def gaps_to(base: Method, methods: Sequence[Method], metric: Metric) -> dict[str, Difference | None]:
    """Return the paired differences of some rows to another by label, with Holm's correction over all of them."""
    reference = base.test_by_seed(metric.name)
    return corrected(
        {
            method.label: paired_difference(method.test_by_seed(metric.name), reference)
            for method in methods
            if method is not base
        }
    )


def task_of(records: Sequence[Record]) -> str:
    """Return the task of some records of one data set."""
    return next((str(record["dataset"]["task"]) for record in records if record.get("dataset")), DEFAULT_TASK)
