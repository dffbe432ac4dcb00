"""A setting on a link that is asked for: what each row's run takes there. A model, not a measurement."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from rsbench.links.collective_time import collective_s, constants_of
from rsbench.links.contact import Contact
from rsbench.links.link import Link
from rsbench.reports.analysis.comparison import Comparison, Prediction
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.reached import Reached, reach, targets
from rsbench.reports.costs.link_model import EQUAL_BYTES
from rsbench.reports.costs.recorded import backend_of
from rsbench.reports.costs.step_model import StepCosts
from rsbench.results.schema import Record

SHARE: Final = 0.95
"""Of the reference's best mean validation score: the target that hours are given to."""


@dataclass(frozen=True, kw_only=True)
class LinkRun:
    """One row's run on the link; validation between epochs is left out.

    Attributes:
        method: the row.
        prediction: its modelled step.
        steps: of the run, mean over seeds.
        scores_s: seconds of the exchange of scores, which comes before training on the kept samples.
        reached: what it needs to reach the target; None where nobody kept a history.
        sent_bytes: that a worker sends over the run, headers included.
        received_bytes: that a worker receives over the run.
    """

    method: Method
    prediction: Prediction
    steps: float
    scores_s: float
    reached: Reached | None
    sent_bytes: float | None
    received_bytes: float | None

    @property
    def run_s(self) -> float:
        """Seconds of all steps and of the exchange of scores."""
        return self.steps * self.prediction.step_s + self.scores_s

    @property
    def target_steps(self) -> float | None:
        """Steps to the target, mean over seeds; None unless all seeds reach it."""
        return None if self.reached is None or self.reached.step is None else self.reached.step.mean

    @property
    def target_s(self) -> float | None:
        """Seconds of the steps to the target, after the exchange of scores."""
        return None if self.target_steps is None else self.target_steps * self.prediction.step_s + self.scores_s


@dataclass(frozen=True, kw_only=True)
class OnLink:
    """The rows of a setting on one link.

    Attributes:
        comparison: the setting.
        link: that each worker has.
        contact: when it is there; None for always.
    """

    comparison: Comparison
    link: Link
    contact: Contact | None = None

    @property
    def title(self) -> str:
        """What sentences and tables call it: ``geo (48 Mbit/s down, 4.4 Mbit/s up), there 8 min of each 95 min``."""
        name, _, numbers = self.link.title.rpartition(": ")
        return (f"{name} ({numbers})" if name else f"a link of {numbers}") + self.when

    @property
    def when(self) -> str:
        """Its contact as an addition: ``, there 8 min of each 95 min``; empty for a link that is always there."""
        return "" if self.contact is None else f", there {self.contact.title}"

    @cached_property
    def target(self) -> float | None:
        """The validation score that hours are given to, None where nobody kept a history."""
        reference = self.comparison.reference
        return None if reference is None else targets(reference).get(SHARE)

    @cached_property
    def runs(self) -> dict[str, LinkRun]:
        """Label -> run, for the finished rows whose costs are known."""
        runs = {method.label: self._run(method) for method in self.comparison.finished}
        return {label: run for label, run in runs.items() if run is not None}

    def _run(self, method: Method) -> LinkRun | None:
        """Return a row's run, None where its costs are unknown."""
        prediction, steps = self.comparison.predict(method, self.link), method.mean("traffic", "steps")
        if prediction is None or not steps or not math.isfinite(steps * prediction.step_s):
            return None
        sent_bytes, received_bytes = _traffic(method)
        known = self.target is not None and method.trains and method.histories
        return LinkRun(
            method=method,
            prediction=prediction,
            steps=steps,
            scores_s=statistics.fmean(_scores_s(record, self.link) for record in method.chosen),
            reached=reach(method, self.target) if known and self.target is not None else None,
            sent_bytes=sent_bytes,
            received_bytes=received_bytes,
        )

    @property
    def reference(self) -> LinkRun | None:
        """The run that the others are compared with."""
        reference = self.comparison.reference
        return None if reference is None else self.runs.get(reference.label)

    @property
    def best(self) -> LinkRun | None:
        """The candidate's run with the shortest step; of equal ones the first."""
        runs = [self.runs[method.label] for method in candidates(self.comparison) if method.label in self.runs]
        return min(runs, key=lambda run: run.prediction.step_s, default=None)

    def speed_up(self, run: LinkRun) -> float | None:
        """Return how many times as fast as the reference's step a row's is; None for the reference."""
        reference = self.reference
        if reference is None or run is reference or not run.prediction.step_s:
            return None
        return reference.prediction.step_s / run.prediction.step_s

    def elapsed_s(self, busy_s: float) -> float:
        """Return the seconds that so much training takes, with the times in which the link is not there."""
        return busy_s if self.contact is None else self.contact.elapsed_s(busy_s)


def accepted_methods(comparison: Comparison) -> list[Method]:
    """Return the methods whose accuracy allows to advise them: they train, and it is not lower than the reference's."""
    return [method for method in comparison.advisable if not comparison.is_lower(method)]


def known_costs(methods: Sequence[Method], comparison: Comparison) -> list[StepCosts]:
    """Return what the methods' steps cost, where that is known."""
    costs = map(comparison.costs, methods)
    return [cost for cost in costs if cost is not None]


def candidates(comparison: Comparison) -> list[Method]:
    """Return the methods that may be advised on some link.

    They are accepted, and no other accepted one sends about the same bytes with less computing.
    """
    accepted = accepted_methods(comparison)
    every = known_costs(accepted, comparison)

    def is_beaten(costs: StepCosts) -> bool:
        return any(
            other is not costs
            and other.wire_bytes_per_step <= EQUAL_BYTES * costs.wire_bytes_per_step
            and other.compute_s < costs.compute_s
            for other in every
        )

    kept = {costs.name for costs in every if not is_beaten(costs)}
    return [method for method in accepted if method.label in kept]


def _scores_s(record: Record, link: Link) -> float:
    """Return the seconds in which a cell's workers exchange scores: at each epoch's end who saw a sample, and what."""
    workers, constants = int(record["cell"]["workers"]), constants_of(backend_of(record))
    scoring = [phase for phase in record.get("phases") or [] if phase["score_bytes"]]
    calls = [(2 * int(phase["epochs"]), float(phase["score_bytes"])) for phase in scoring]
    return sum(
        count * collective_s("all_reduce", sent_bytes / count, workers, link, constants) for count, sent_bytes in calls
    )


def _traffic(method: Method) -> tuple[float | None, float | None]:
    """Return the bytes that a worker sends and receives over a run: as the kernel counted them, else by the model.

    In the model, what one worker sends another receives, so that the means over workers are the same.
    """
    sent_bytes = _mean(method, "wire_bytes_measured_total")
    received_bytes = _mean(method, "wire_bytes_received_total")
    if sent_bytes is None or received_bytes is None:
        sent_bytes = received_bytes = _mean(method, "wire_bytes_total")
    return sent_bytes, received_bytes


def _mean(method: Method, name: str) -> float | None:
    """Return a field of the traffic over seeds, None where a record has none."""
    values = [record["traffic"].get(name) for record in method.chosen]
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
