"""The time of a step and its parts, from loading the batch to the end of the optimizer's step. Torch-free."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any, Final


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Seconds of one step on this rank; the parts but ``overlapped_s`` add up to ``step_time_s``.

    Attributes:
        step_time_s: from asking the loader to the end of the optimizer step.
        data_s: until the batch is on the device.
        forward_s: forward pass and loss.
        backward_s: backward pass without the time inside the hook and after its last call.
        compress_s: inside the hook: accumulate, select, encode, start the collective (and renew densities).
        wait_s: inside the hook waiting for a collective, or after its last call with nothing left to compute.
        skew_s: the part of this rank's waiting that the last rank did not have, so that it waited for that rank and not
            for the link; what :mod:`rsbench.measure.across_ranks` finds is taken out of ``wait_s``.
        decompress_s: after the last hook call, decoding.
        optimizer_s: zeroing, clipping, optimizer and schedule.
        round_s: what the end of a round adds beside the exchange: taking the parameter difference, the outer step, the
            buffers' average.
        other_s: the rest.
        overlapped_s: collectives under way while backward still computed; not part of the sum.
    """

    step_time_s: float
    data_s: float
    forward_s: float
    backward_s: float
    compress_s: float
    wait_s: float
    skew_s: float = 0.0
    decompress_s: float
    optimizer_s: float
    other_s: float
    overlapped_s: float
    round_s: float = 0.0


FIELDS: Final = tuple(field.name for field in dataclasses.fields(StepTimes))
"""All times, as records name them."""
SPLIT: Final = tuple(name for name in FIELDS if name not in ("step_time_s", "overlapped_s"))
"""The times that add up to a step's."""
FIRST_FIELDS: Final = tuple(name for name in FIELDS if name not in ("skew_s", "round_s"))
"""The times that records had from the beginning; skew and rounds came later."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CallSize:
    """A collective that a hook started.

    Attributes:
        op: its name, as :data:`rsbench.links.wire.WIRE_FORMULAS` knows it.
        payload_bytes: of this rank.
        workers: ranks that take part.
        blocking: whether the hook waited for it before it went on.
    """

    op: str
    payload_bytes: int
    workers: int
    blocking: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class BucketTimes:
    """Seconds of one bucket on this rank.

    Attributes:
        ready_s: backward's own time before the hook call, the time in earlier hook calls taken out.
        compress_s: inside the hook, without waiting.
        wait_s: inside the hook, waiting for a collective.
        took_s: from the hook's return until the collective had arrived.
        decompress_s: decoding.
        calls: collectives that the hook started.
        compress_cpu_s: CPU time of the thread that compressed; None where another device computes.
        decompress_cpu_s: the same for decoding.
    """

    ready_s: float
    compress_s: float
    wait_s: float
    took_s: float
    decompress_s: float
    calls: Sequence[CallSize]
    compress_cpu_s: float | None = None
    decompress_cpu_s: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhaseTimes:
    """One network's part of a step.

    Attributes:
        times: its split.
        buckets: in the order of their hook calls.
        forward_cpu_s: CPU time of the main thread in the forward pass; None where another device computes.
        ends_round: whether it is no network's part, but the end of a round: difference, exchange, outer step.
    """

    times: StepTimes
    buckets: Sequence[BucketTimes]
    forward_cpu_s: float | None = None
    ends_round: bool = False

    @property
    def in_step(self) -> StepTimes:
        """The times as the parts of a step: of a round's end, what is not the exchange is ``round_s``."""
        if not self.ends_round:
            return self.times
        exchange = ("step_time_s", "compress_s", "wait_s", "skew_s", "decompress_s", "overlapped_s")
        parts = {name: getattr(self.times, name) if name in exchange else 0.0 for name in FIELDS}
        rest = sum(getattr(self.times, name) for name in SPLIT if name not in exchange)
        return StepTimes(**{**parts, "round_s": rest})


def total(phases: Sequence[StepTimes]) -> StepTimes:
    """Return the sum of the phases of one step, which follow one another."""
    if len(phases) == 1:
        return phases[0]
    return StepTimes(**{name: sum(getattr(phase, name) for phase in phases) for name in FIELDS})


def skipped_steps(steps: int) -> int:
    """Return how many first steps summaries leave out: min(5, a third of them)."""
    return min(5, steps // 3)


def summarize(steps: Sequence[StepTimes], local_steps: Sequence[int] = ()) -> dict[str, Any]:
    """Return the median step time and the mean of every other time over the counted steps.

    Args:
        steps: all steps of the run in order, at least one.
        local_steps: how many of them each exchange ended; none for an exchange at every step. The steps of an exchange
            count as that many of their mean.
    """
    shared = _shared_out(steps, local_steps or [1] * len(steps))
    skipped = sum(local_steps[: skipped_steps(len(local_steps))]) if local_steps else skipped_steps(len(steps))
    counted = shared[skipped:]
    summary: dict[str, Any] = {
        name: statistics.fmean(getattr(s, name) for s in counted) for name in FIELDS if name != "step_time_s"
    }
    summary["step_time_s"] = statistics.median(s.step_time_s for s in counted)
    return summary | {"steps_counted": len(counted), "steps_skipped": skipped}


def _shared_out(steps: Sequence[StepTimes], local_steps: Sequence[int]) -> list[StepTimes]:
    """Return the steps, those that share an exchange as their mean."""
    shared: list[StepTimes] = []
    for count in local_steps:
        group = steps[len(shared) : len(shared) + count]
        whole = total(group)
        mean = whole if count == 1 else StepTimes(**{name: getattr(whole, name) / count for name in FIELDS})
        shared += [mean] * count
    return shared
