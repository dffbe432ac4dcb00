"""How a setting's steps grow with workers and shrink with faster links. A model, not a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final

from rsbench.links.collective_time import constants_of
from rsbench.links.link import Link
from rsbench.links.tiers import Nodes
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.costs.link_model import BreakEven, break_even, wired
from rsbench.reports.costs.step_model import StepCosts

SIZES: Final = (2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Workers."""
SPEEDS: Final = (1e7, 1e8, 1e9, 1e10, 2.5e10, 1e11, 4e11)
"""Bit/s of a node's link, 10 Mbit/s to 400 Gbit/s."""
MOST_WORKERS: Final = 1 << 20
"""Up to which the number is searched from which a method sends more than the reference."""


@dataclass(frozen=True)
class Growth:
    """One setting on more workers: each keeps its batch (weak scaling), its computing and its payload.

    Attributes:
        comparison: the setting.
        nodes: how workers stand together.
    """

    comparison: Comparison
    nodes: Nodes

    @cached_property
    def costs(self) -> dict[str, StepCosts]:
        """Label -> cost of a step, for the finished rows that can be put on more workers."""
        return {label: costs for label, costs in self._known.items() if label not in self.left_out}

    @cached_property
    def _known(self) -> dict[str, StepCosts]:
        """Label -> cost of a step, for the finished rows whose records say which collectives a step starts."""
        known = {method.label: self.comparison.costs(method) for method in self.methods}
        return {label: costs for label, costs in known.items() if costs is not None and costs.knows_calls}

    @cached_property
    def left_out(self) -> list[str]:
        """The labels of rows whose messages change with the number of workers in ways that no record says."""
        recorded = int(self.comparison.setting.cell["workers"])
        return [label for label, costs in self._known.items() if not _keeps_payload(costs, recorded)]

    @property
    def methods(self) -> list[Method]:
        """The finished rows that train."""
        return self.comparison.trained

    @property
    def reference(self) -> str | None:
        """The label of the row without compression."""
        reference = self.comparison.reference
        return reference.label if reference is not None and reference.label in self.costs else None

    def step_s(self, label: str, workers: int, between: Link) -> float:
        """Return a row's modelled step on so many workers."""
        return self._time_s(self.costs[label], workers, between)

    def efficiency(self, label: str, workers: int, between: Link) -> float:
        """Return the samples a second by those of as many workers without any exchange and compression."""
        alone = self.costs[self.reference or label].compute_s
        return alone / self.step_s(label, workers, between)

    def break_even(self, label: str, workers: int) -> BreakEven | None:
        """Return at which speeds of a node's link a row is faster than the reference.

        None for the reference, and for rows on some of the samples.
        """
        method = next(method for method in self.methods if method.label == label)
        if self.reference is None or label == self.reference or not method.prune.keeps_all:
            return None
        point = break_even(
            self.costs[label], self.costs[self.reference], lambda costs, link: self._time_s(costs, workers, link)
        )
        return replace(point, doubt=self.comparison.doubt(method))

    def _time_s(self, costs: StepCosts, workers: int, between: Link) -> float:
        """Return the step on so many workers, with the constants of the backend that it was recorded on."""
        took = partial(self.nodes.collective_s, constants=constants_of(costs.backend))
        return costs.step_time_s(between, workers, took)

    def overtakes_at(self, label: str) -> int | None:
        """Return the fewest workers at which a row sends more bytes than the reference, None up to a million."""
        if self.reference is None or label == self.reference:
            return None
        costs, dense = self.costs[label], self.costs[self.reference]

        def is_more(workers: int) -> bool:
            return costs.sent_bytes(workers) > dense.sent_bytes(workers)

        if is_more(2):
            return 2
        if not is_more(MOST_WORKERS):
            return None
        fewer, more = 2, MOST_WORKERS
        while more - fewer > 1:
            middle = (fewer + more) // 2
            fewer, more = (fewer, middle) if is_more(middle) else (middle, more)
        return more

    def fastest(self, workers: int, between: Link) -> str:
        """Return the accepted row with the shortest step: its accuracy is not lower than the reference's."""
        return min(self.accepted, key=lambda label: self.step_s(label, workers, between))

    @cached_property
    def accepted(self) -> list[str]:
        """The labels of rows that may be advised."""
        comparison = self.comparison
        labels = [m.label for m in self.methods if m is comparison.reference or not comparison.is_lower(m)]
        return [label for label in labels if label in self.costs]


def _keeps_payload(costs: StepCosts, recorded: int) -> bool:
    """Return whether calls of the same payload among all workers are what more workers would make.

    Groups of some ranks keep their size or number, and regions shrink as there are more of them.

    Args:
        costs: of a row.
        recorded: its workers.
    """
    calls = [call for phase in costs.phases for bucket in phase.buckets for call in bucket.calls]
    return all(call.workers == recorded and call.op != "all_to_all" for call in calls)


def links_of(speeds: Sequence[float]) -> list[Link]:
    """Return links without latency of some speeds in bit/s."""
    return [wired(speed) for speed in speeds]
