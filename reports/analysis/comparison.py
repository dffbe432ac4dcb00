"""One setting's rows beside the row that they are compared with, by the metrics of their task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from rsbench.cell import KEY_VERSION
from rsbench.judging import DEFAULT, Judging
from rsbench.links.link import Link
from rsbench.metrics import TASKS, Metric, TaskFacts
from rsbench.recipe.split import REDRAWN
from rsbench.reports.analysis.methods import Method, complete_means, front_of, methods_of, reference_of
from rsbench.reports.analysis.settings import Setting
from rsbench.reports.analysis.statistics.differences import Difference, Spread, paired_difference, simultaneous, spread
from rsbench.reports.analysis.statistics.images import over_images
from rsbench.reports.costs.link_model import BreakEven, break_even, middle_costs, over_seeds
from rsbench.reports.costs.step_model import PhaseCost, StepCosts, shared_base, with_base

DEFAULT_TASK: Final = "scenes"
"""The task of a setting without a finished cell, where nothing is scored yet."""

WORTH_NAMING: Final = 0.005
"""Half a point of OA, or 0.005 of an AUC, from which a difference is worth a word."""

NOTICEABLE: Final = 0.05
"""Share of a step time below which two measured step times are called equal."""

BUSY: Final = 3.0
"""Factor by which other programs lengthened the computing from which the correction for it is not trusted."""

NO_CALLS: Final = "its records do not say when a step exchanges what, so latency is left out"
"""Why a step on a link with latency is in doubt."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A modelled step.

    Attributes:
        step_s: seconds.
        low_s: the shortest over the seeds, None from one.
        high_s: the longest over the seeds, None from one.
        doubt: why it is not to be trusted; empty where it is.
    """

    step_s: float
    low_s: float | None
    high_s: float | None
    doubt: str


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
        judging: which loss is tolerated, and what intervals are about.
    """

    setting: Setting
    against: str = ""
    judging: Judging = DEFAULT

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
    def advisable(self) -> list[Method]:
        """The rows among which a link decides: a step of the others, on fewer training samples, is one of theirs."""
        return [method for method in self.trained if method.prune.keeps_all]

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
        """The rows' differences to the reference by label, with intervals that hold together."""
        return {} if self.reference is None else self.gaps_to(self.reference)

    def gaps_to(self, base: Method) -> dict[str, Difference | None]:
        """Return the paired differences of the other rows to one by label, with intervals that hold together."""
        return simultaneous(
            {method.label: self.difference(method, base) for method in self.trained if method is not base}
        )

    def difference(self, method: Method, base: Method) -> Difference | None:
        """Return the paired difference of two rows, judged alone: over test images, too, where that is asked and known.

        Either may be of another setting that tests on the same samples.
        """
        name = self.metric.name
        gap = self._over_seeds(method.test_by_seed(name), base)
        is_of_images = self.judging.intervals == "images" and self.has_one_test_set
        return over_images(gap, method.answers, base.answers) if gap and is_of_images else gap

    def _over_seeds(self, by_seed: Mapping[int, float], base: Method) -> Difference | None:
        """Return the paired difference of some values to a row, judged alone."""
        reference = base.test_by_seed(self.metric.name)
        return paired_difference(by_seed, reference, test_per_train=self.test_per_train)

    @cached_property
    def test_per_train(self) -> float:
        """Test samples for each training sample where intervals are about new data, else 0."""
        described = next((record["dataset"] for method in self.methods for record in method.done), None)
        if self.judging.intervals != "new-data" or not described or not described["train"]:
            return 0.0
        return float(described["test"] / described["train"])

    @cached_property
    def has_one_test_set(self) -> bool:
        """Whether all seeds test on the same samples."""
        split, by_today = str(self.setting.cell["split"]), self.setting.key_version >= KEY_VERSION
        described = next((record["dataset"] for method in self.methods for record in method.done), None) or {}
        is_listed = str(described.get("split", "")).startswith("official lists")
        return is_listed or self.task.tests_all or (by_today and not split.startswith(REDRAWN))

    def gap(self, method: Method) -> Difference | None:
        """Return a row's difference to the reference, None for the reference and for what cannot be compared."""
        return self.gaps.get(method.label)

    @property
    def comparisons(self) -> int:
        """How many differences were tested together."""
        return sum(gap is not None and gap.p is not None for gap in self.gaps.values())

    @property
    def tolerated_loss(self) -> float:
        """The largest mean loss of the metric that is tolerated."""
        return self.judging.tolerated_loss(self.metric)

    def is_lower(self, method: Method) -> bool:
        """Return whether a row loses accuracy: its whole interval is below zero, or its mean loss is not tolerated."""
        gap = self.gap(method)
        return gap is not None and (gap.is_below or self.judging.is_intolerable(self.metric, gap.mean))

    def speed_up(self, method: Method) -> float | None:
        """Return how many times as fast as the reference's step a row's is, None where a step time is unknown."""
        step_s, reference_s = method.step_s, self.reference and self.reference.step_s
        return reference_s / step_s if reference_s and step_s else None

    @cached_property
    def base(self) -> tuple[PhaseCost, ...]:
        """The computing that rows share, over all cells of those that run the same work in a step."""
        alike = [method for method in self.finished if method.has_whole_batches]
        return shared_base([costs for method in alike for costs in method.costs_by_seed.values()])

    @cached_property
    def _costs(self) -> dict[str, dict[int, StepCosts]]:
        """Label -> seed -> what a step costs, on the base that rows share where they run the same work."""
        return {
            method.label: {
                seed: with_base(costs, self.base) if method.has_whole_batches else costs
                for seed, costs in method.costs_by_seed.items()
            }
            for method in self.finished
        }

    def costs(self, method: Method) -> StepCosts | None:
        """Return what a row's step costs apart from the link, None where that is unknown."""
        every = self._costs.get(method.label)
        return middle_costs(list(every.values())) if every else None

    def doubt(self, method: Method) -> str:
        """Return why a row's modelled step is not to be trusted; empty where it is."""
        busy = max(method.load, self.reference.load if self.reference else 1.0)
        if busy > BUSY:
            return (
                f"other programs took the cores for {100 * (1 - 1 / busy):.0f} % of the time while "
                f"{' or '.join(dict.fromkeys([method.label, 'none']))} was measured"
            )
        return ""

    def predict(self, method: Method, link: Link) -> Prediction | None:
        """Return a row's modelled step on a link, with its range over the seeds; None where its cost is unknown.

        Records that do not say which collectives a step starts know no latency: that is a doubt where the link has one.
        """
        costs = self.costs(method)
        if costs is None:
            return None
        no_latency = "" if costs.knows_calls or not link.round_trip_s else NO_CALLS
        steps_s = [one.step_time_s(link) for one in self._costs[method.label].values()]
        several = len(steps_s) > 1
        return Prediction(
            step_s=costs.step_time_s(link),
            low_s=min(steps_s) if several else None,
            high_s=max(steps_s) if several else None,
            doubt="; ".join(filter(None, (self.doubt(method), no_latency))),
        )

    def break_even(self, method: Method) -> BreakEven | None:
        """Return at which link speeds a row is faster than the reference.

        None for the reference, for unknown costs, and for rows on some of the samples, whose runs are of other lengths.
        """
        return self._break_evens.get(method.label)

    @cached_property
    def _break_evens(self) -> dict[str, BreakEven]:
        """Label -> break-even, of the rows on all samples but the reference."""
        reference = self.reference
        base = None if reference is None else self.costs(reference)
        if reference is None or base is None:
            return {}
        found: dict[str, BreakEven] = {}
        for method in self.finished:
            costs = self.costs(method)
            if method is reference or costs is None or not method.prune.keeps_all:
                continue
            by_seed = self._costs[method.label], self._costs[reference.label]
            points = [break_even(by_seed[0][seed], by_seed[1][seed]) for seed in by_seed[0].keys() & by_seed[1].keys()]
            point = over_seeds(points, break_even(costs, base))
            found[method.label] = replace(point, doubt=self.doubt(method))
        return found

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
        """Return a baseline's difference to the reference, judged alone: it is no compressor."""
        if self.reference is None:
            return None
        return self._over_seeds(baseline.by_seed.get(self.metric.name, {}), self.reference)

    @cached_property
    def means(self) -> dict[str, float]:
        """Label -> mean of the metric for the complete rows, over the same seeds for all."""
        return complete_means(self.trained, self.reference, self.metric.name)

    @cached_property
    def front(self) -> frozenset[str]:
        """The labels of the rows that no other beats in bytes of the run and in mean accuracy."""
        return frozenset(front_of(self.trained, self.means, lambda row: row.sent_bytes))
