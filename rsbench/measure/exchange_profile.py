"""When a step exchanges what: a record's section ``exchange``, from which steps on other links are modelled."""

from __future__ import annotations

import dataclasses
import functools
import json
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rsbench.measure.step_times import BucketTimes, CallSize, PhaseTimes, StepTimes, skipped_steps, total

MOST_STEPS: Final = 1000
"""So many steps are kept at most, evenly spread."""


class ExchangeProfile:
    """Collects the phases of steps; :meth:`section` gives their medians."""

    def __init__(self) -> None:
        self._kept: list[_Exchange] = []
        self._seen, self._stride = 0, 1
        self._alone: list[PhaseTimes] = []
        self._local_steps = 0

    def add(self, phases: Sequence[PhaseTimes]) -> None:
        """Take the phases of the next step: one for each network of the task, and one for the end of a round.

        Steps without an exchange are kept as one phase of the exchange that follows.
        """
        self._local_steps += 1
        self._alone += [phase for phase in phases if not phase.buckets]
        exchanging = [phase for phase in phases if phase.buckets]
        if not exchanging:
            return
        if self._seen % self._stride == 0:
            alone = [_joined(self._alone)] if self._alone else []
            self._kept.append(_Exchange(number=self._seen, local_steps=self._local_steps, phases=[*alone, *exchanging]))
        self._seen, self._local_steps, self._alone = self._seen + 1, 0, []
        if len(self._kept) > MOST_STEPS:
            self._kept, self._stride = self._kept[::2], 2 * self._stride

    def state_dict(self) -> dict[str, Any]:
        """Return what was kept, as numbers and texts."""
        return {
            "kept": "\n".join(exchange.text for exchange in self._kept),
            "alone": json.dumps([dataclasses.asdict(phase) for phase in self._alone]),
            "counts": [self._seen, self._stride, self._local_steps],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._kept = [_Exchange.of(text) for text in state["kept"].splitlines()]
        self._alone = [_phase_of(phase) for phase in json.loads(state["alone"])]
        self._seen, self._stride, self._local_steps = state["counts"]

    def section(self) -> dict[str, Any]:
        """Return medians over the counted steps with the most common number of buckets (decision 0001 says what for).

        The first steps are left out as everywhere (:func:`~rsbench.measure.step_times.skipped_steps`).
        """
        first = skipped_steps(self._seen)
        counted = [exchange for exchange in self._kept if exchange.number >= first] or self._kept
        ((local_steps, buckets), _), *_ = Counter(exchange.shape for exchange in counted).most_common(1)
        alike = [exchange.phases for exchange in counted if exchange.shape == (local_steps, buckets)]
        phases = [_phase([phases[index] for phases in alike]) for index in range(len(buckets))]
        return {
            "phases": [_a_step(phase, local_steps) for phase in phases],
            "load": _load([phase for exchange in counted for phase in exchange.phases]),
            "steps": len(alike),
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Exchange:
    """An exchange and the local steps that led to it."""

    number: int
    local_steps: int
    phases: Sequence[PhaseTimes]

    @functools.cached_property
    def text(self) -> str:
        """This exchange as a line of JSON; made once."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def of(cls, text: str) -> _Exchange:
        """Return the exchange of a line."""
        content = json.loads(text)
        return cls(**{**content, "phases": [_phase_of(phase) for phase in content["phases"]]})

    @property
    def shape(self) -> tuple[int, tuple[int, ...]]:
        """What must be alike for medians to mean something: the local steps, and the buckets of each phase."""
        return self.local_steps, tuple(len(phase.buckets) for phase in self.phases)


def _phase_of(content: Mapping[str, Any]) -> PhaseTimes:
    """Return a phase from what ``dataclasses.asdict`` made of it."""
    buckets = [
        BucketTimes(**{**bucket, "calls": [CallSize(**call) for call in bucket["calls"]]})
        for bucket in content["buckets"]
    ]
    return PhaseTimes(**{**content, "times": StepTimes(**content["times"]), "buckets": buckets})


def _joined(phases: Sequence[PhaseTimes]) -> PhaseTimes:
    """Return phases without an exchange as one, which takes as long as all of them."""
    cpu = [phase.forward_cpu_s for phase in phases if phase.forward_cpu_s is not None]
    known = sum(cpu) if len(cpu) == len(phases) else None
    return PhaseTimes(times=total([phase.times for phase in phases]), buckets=(), forward_cpu_s=known)


def _a_step(phase: dict[str, Any], local_steps: int) -> dict[str, Any]:
    """Return what one of so many local steps has of a phase: a share of its seconds and of its collectives."""
    if local_steps == 1:
        return phase
    buckets = [
        {
            **{name: value and value / local_steps for name, value in bucket.items() if name != "calls"},
            "calls": [{**call, "per_step": call["per_step"] / local_steps} for call in bucket["calls"]],
        }
        for bucket in phase["buckets"]
    ]
    return {**{name: value / local_steps for name, value in phase.items() if name != "buckets"}, "buckets": buckets}


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
