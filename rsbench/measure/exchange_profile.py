"""When a step exchanges what: a record's section ``exchange``, from which steps on other links are modelled."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from rsbench.measure.step_times import BucketTimes, PhaseTimes, skipped_steps

MOST_STEPS: Final = 1000
"""So many steps are kept at most, evenly spread."""


class ExchangeProfile:
    """Collects the phases of steps; :meth:`section` gives their medians."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, Sequence[PhaseTimes]]] = []
        self._seen, self._stride = 0, 1

    def add(self, phases: Sequence[PhaseTimes]) -> None:
        """Take the phases of the next step: one for each network of the task."""
        if self._seen % self._stride == 0:
            self._kept.append((self._seen, phases))
        self._seen += 1
        if len(self._kept) > MOST_STEPS:
            self._kept, self._stride = self._kept[::2], 2 * self._stride

    def section(self) -> dict[str, Any]:
        """Return medians over the counted steps with the most common number of buckets (decision 0001 says what for).

        The first steps are left out as everywhere (:func:`~rsbench.measure.step_times.skipped_steps`).
        """
        first = skipped_steps(self._seen)
        counted = [phases for step, phases in self._kept if step >= first] or [phases for _, phases in self._kept]
        shapes = Counter(tuple(len(phase.buckets) for phase in phases) for phases in counted)
        (shape, _), *_ = shapes.most_common(1)
        alike = [phases for phases in counted if tuple(len(phase.buckets) for phase in phases) == shape]
        return {
            "phases": [_phase([phases[index] for phases in alike]) for index in range(len(shape))],
            "load": _load([phase for phases in counted for phase in phases]),
            "steps": len(alike),
        }


def _load(phases: Sequence[PhaseTimes]) -> float | None:
    """Return the median of forward's wall time by the main thread's CPU time in it: 1 had a core for itself."""
    loads = [phase.times.forward_s / phase.forward_cpu_s for phase in phases if phase.forward_cpu_s]
    return statistics.median(loads) if loads else None


def _phase(steps: Sequence[PhaseTimes]) -> dict[str, Any]:
    """Return one network's part of the steps."""

    def median(value: Callable[[PhaseTimes], float]) -> float:
        return statistics.median(map(value, steps))

    return {
        "before_s": median(lambda phase: phase.times.data_s + phase.times.forward_s),
        "forward_s": median(lambda phase: phase.times.forward_s),
        "backward_s": median(lambda phase: phase.times.backward_s),
        "after_s": median(lambda phase: phase.times.optimizer_s + phase.times.other_s),
        "buckets": [_bucket([phase.buckets[index] for phase in steps]) for index in range(len(steps[0].buckets))],
    }


def _bucket(steps: Sequence[BucketTimes]) -> dict[str, Any]:
    """Return one bucket of the steps, with the collectives that most of them start."""
    parts = ("ready_s", "compress_s", "wait_s", "took_s", "decompress_s")
    medians: dict[str, float | None] = {
        part: statistics.median(getattr(bucket, part) for bucket in steps) for part in parts
    }
    for part in ("compress_cpu_s", "decompress_cpu_s"):
        known = [seconds for bucket in steps if (seconds := getattr(bucket, part)) is not None]
        medians[part] = statistics.median(known) if known else None
    return {**medians, "calls": _calls(steps)}


def _calls(steps: Sequence[BucketTimes]) -> list[dict[str, Any]]:
    """Return each collective once, with how often a step starts it; those alike are told apart by their order."""
    sizes: dict[tuple[str, int, bool, int], list[int]] = {}
    for bucket in steps:
        alike: Counter[tuple[str, int, bool]] = Counter()
        for call in bucket.calls:
            kind = call.op, call.workers, call.blocking
            sizes.setdefault((*kind, alike[kind]), []).append(call.payload_bytes)
            alike[kind] += 1
    return [
        {
            "op": op,
            "payload_bytes": statistics.fmean(found),
            "per_step": len(found) / len(steps),
            "blocking": blocking,
            "workers": workers,
        }
        for (op, workers, blocking, _), found in sizes.items()
    ]
