"""A step on a link that is not there: what a record says of its parts, put together as DDP overlaps them.

One line of computing (forward, backward up to each bucket, compress, optimizer) and one link that serves collectives
in the order in which they were started. Everything here is a model (decision 0001), not a measurement.
"""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsbench.links.collective_time import collective_s, constants_of
from rsbench.links.link import Link
from rsbench.links.wire import wire_bytes

CallTime = Callable[[str, float, int, Link], float]
"""Collective, payload bytes, workers, link -> seconds, as :func:`rsbench.links.collective_time.collective_s`."""


@dataclass(frozen=True, kw_only=True)
class CallCost:
    """A collective that a hook starts.

    Attributes:
        op: its name.
        payload_bytes: of one rank, in one call.
        per_step: how often a step starts it, on average.
        blocking: whether the hook waits for it before it goes on.
        workers: ranks that take part.
    """

    op: str
    payload_bytes: float
    per_step: float
    blocking: bool
    workers: int

    def at(self, workers: int | None) -> int:
        """Return the ranks that take part where there are so many; None as recorded."""
        return self.workers if workers is None else workers


@dataclass(frozen=True, kw_only=True)
class BucketCost:
    """A bucket's way through the hook.

    Attributes:
        ready_s: backward's own seconds before the hook is called.
        compress_s: inside the hook.
        decompress_s: decoding what arrived.
        calls: what the hook starts, in order.
    """

    ready_s: float
    compress_s: float
    decompress_s: float
    calls: tuple[CallCost, ...]

    def decompress_at(self, workers: int | None) -> float:
        """Return the seconds of decoding: messages that are gathered last take a share each, a sum is one."""
        if workers is None or not self.calls or self.calls[-1].op != "all_gather":
            return self.decompress_s
        return self.decompress_s * workers / self.calls[-1].workers


@dataclass(frozen=True, kw_only=True)
class PhaseCost:
    """One network's part of a step.

    Attributes:
        before_s: loading the batch, and the forward pass.
        backward_s: backward's own seconds.
        after_s: the optimizer, the rest, and waiting for the last rank (skew), which is for no link.
        buckets: in the order of their hook calls.
        forward_s: the forward pass alone, a part of ``before_s``; 0 where it is not known.
    """

    before_s: float
    backward_s: float
    after_s: float
    buckets: tuple[BucketCost, ...]
    forward_s: float = 0.0

    def time_s(self, call_s: Callable[[CallCost], float], workers: int | None = None) -> float:
        """Return the seconds of the phase where calls take so long and so many workers take part."""
        in_hooks = link_free = decoded = 0.0
        for bucket in self.buckets:
            now = self.before_s + bucket.ready_s + in_hooks
            begun = now
            now += bucket.compress_s
            for call in bucket.calls:
                link_free = max(now, link_free) + call.per_step * call_s(call)
                if call.blocking:
                    now = link_free
            in_hooks += now - begun
            arrived = link_free if bucket.calls else now
            decoded = max(decoded, arrived) + bucket.decompress_at(workers)
        computed = self.before_s + self.backward_s + in_hooks
        return max(computed, decoded) + self.after_s


@dataclass(frozen=True, kw_only=True)
class StepCosts:
    """What one training step costs, apart from the link that it runs on.

    Attributes:
        name: the method.
        phases: one for each network of the task. Where workers exchange less often than at every step, a phase is the
            mean of a local step: what is computed alone first, then what ends with an exchange.
        wire_bytes_per_step: modelled bytes sent per rank and step, over the whole run.
        knows_calls: whether the record said which collectives a step starts when; without it the model has a step's
            non-communication time and its bytes, neither overlap nor latency.
        every_step: whether it exchanges at every step.
        backend: what torch calls the one that exchanged.
    """

    name: str
    phases: tuple[PhaseCost, ...]
    wire_bytes_per_step: float
    knows_calls: bool = True
    every_step: bool = True
    backend: str = "gloo"

    def step_time_s(self, link: Link, workers: int | None = None, call_s: CallTime | None = None) -> float:
        """Return the modelled step time in seconds.

        Args:
            link: of every worker.
            workers: so many instead of those of the record: the same batch a worker, calls of the same payload.
            call_s: how long a collective takes; :func:`~rsbench.links.collective_time.collective_s` unless given.
        """
        if not self.knows_calls:
            return self.compute_s + 8 * self.wire_bytes_per_step / link.bits_per_s

        took = call_s or functools.partial(collective_s, constants=constants_of(self.backend))

        def on_link(call: CallCost) -> float:
            return took(call.op, call.payload_bytes, call.at(workers), link)

        return sum(phase.time_s(on_link, workers) for phase in self.phases)

    @property
    def compute_s(self) -> float:
        """The step where collectives take no time."""
        return sum(phase.time_s(lambda _: 0.0) for phase in self.phases)

    def sent_bytes(self, workers: int | None = None) -> float:
        """Return the modelled bytes on the wire of one rank in a step."""
        if workers is None or not self.knows_calls:
            return self.wire_bytes_per_step
        return sum(
            call.per_step * wire_bytes(call.op, call.payload_bytes, call.at(workers))
            for phase in self.phases
            for bucket in phase.buckets
            for call in bucket.calls
        )


def shared_base(every: Sequence[StepCosts]) -> tuple[PhaseCost, ...]:
    """Return the computing that all methods of a setting share: medians over all of their cells.

    Args:
        every: of each method and seed; those of an unusual number of phases, and those that do not exchange at every
            step, are left out.
    """
    phases_of = [costs.phases for costs in every if costs.every_step]
    if not phases_of:
        return ()
    count = statistics.mode(map(len, phases_of))
    alike = [phases for phases in phases_of if len(phases) == count]
    return tuple(
        PhaseCost(
            before_s=statistics.median(phases[index].before_s for phases in alike),
            forward_s=statistics.median(phases[index].forward_s for phases in alike),
            backward_s=statistics.median(phases[index].backward_s for phases in alike),
            after_s=statistics.median(phases[index].after_s for phases in alike),
            buckets=(),
        )
        for index in range(count)
    )


def with_base(costs: StepCosts, base: Sequence[PhaseCost]) -> StepCosts:
    """Return a method's cost with the computing that all methods share, and its own hooks.

    Where its forward pass, the same work for all, took longer than that of the base, its hooks did, too. One that
    does not exchange at every step has phases of another kind: these take as much longer or shorter as its forward.

    Args:
        costs: of a method.
        base: phases whose times hold for all methods.
    """
    if not costs.every_step:
        return _at_pace(costs, base)
    if len(base) != len(costs.phases):
        return costs
    phases = tuple(_on_base(own, shared) for own, shared in zip(costs.phases, base, strict=True))
    return dataclasses.replace(costs, phases=phases)


def _on_base(own: PhaseCost, shared: PhaseCost) -> PhaseCost:
    stretch = shared.backward_s / own.backward_s if own.backward_s > 0 else 1.0
    slower = max(1.0, own.forward_s / shared.forward_s) if shared.forward_s > 0 else 1.0
    return dataclasses.replace(
        shared,
        buckets=tuple(
            dataclasses.replace(
                bucket,
                ready_s=bucket.ready_s * stretch,
                compress_s=bucket.compress_s / slower,
                decompress_s=bucket.decompress_s / slower,
            )
            for bucket in own.buckets
        ),
    )


def _at_pace(costs: StepCosts, base: Sequence[PhaseCost]) -> StepCosts:
    """Return a cost whose forward passes take as long as those of the base, all other computing in proportion."""
    own_s, shared_s = (sum(phase.forward_s for phase in phases) for phases in (costs.phases, base))
    if own_s <= 0 or shared_s <= 0:
        return costs
    pace = shared_s / own_s
    phases = (
        PhaseCost(
            before_s=phase.before_s * pace,
            forward_s=phase.forward_s * pace,
            backward_s=phase.backward_s * pace,
            after_s=phase.after_s * pace,
            buckets=tuple(
                dataclasses.replace(
                    bucket,
                    ready_s=bucket.ready_s * pace,
                    compress_s=bucket.compress_s * min(1.0, pace),
                    decompress_s=bucket.decompress_s * min(1.0, pace),
                )
                for bucket in phase.buckets
            ),
        )
        for phase in costs.phases
    )
    return dataclasses.replace(costs, phases=tuple(phases))
