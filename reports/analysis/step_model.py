"""A step on a link that is not there: what a record says of its parts, put together as DDP overlaps them.

One line of computing (forward, backward up to each bucket, compress, optimizer) and one link that serves collectives
in the order in which they were started. Everything here is a model (decision 0001), not a measurement.
"""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rsbench.links.collective_time import collective_s, constants_of
from rsbench.links.link import Link
from rsbench.links.wire import wire_bytes
from rsbench.measure.step_times import SPLIT
from rsbench.results.schema import Record

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
        phases: one for each network of the task.
        wire_bytes_per_step: modelled bytes sent per rank and step, over the whole run.
        knows_calls: whether the record said which collectives a step starts when; without it the model has a step's
            non-communication time and its bytes, neither overlap nor latency.
        backend: what torch calls the one that exchanged.
    """

    name: str
    phases: tuple[PhaseCost, ...]
    wire_bytes_per_step: float
    knows_calls: bool = True
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


def foreign_load(record: Record) -> float:
    """Return by what factor other programs lengthened a record's computing: its wall time by its CPU time.

    Workers that share cores with one another are no other programs: their own factor is taken out.
    """
    exchange = record.get("exchange") or {}
    load = exchange.get("load")
    if not load:
        return 1.0
    runtime: Mapping[str, Any] = record["provenance"].get("runtime") or {}
    cores = exchange.get("cores") or 1
    own = max(1.0, (exchange.get("ranks_here") or 1) * (runtime.get("threads") or 1) / cores)
    return max(1.0, float(load) / own)


def costs_of(record: Record, name: str) -> StepCosts | None:
    """Return what a record says of a step's cost, corrected by the load that it shows; None without step times."""
    wire, steps = record["traffic"]["wire_bytes_total"], record["traffic"]["steps"]
    if wire is None or not steps or not record["time"]["step_time_s"]:
        return None
    exchange = record.get("exchange")
    if not exchange or not exchange["phases"]:
        return _without_calls(record, name, wire / steps)
    load, late_s = foreign_load(record), (record["time"].get("skew_s") or 0.0) / len(exchange["phases"])
    return StepCosts(
        name=name,
        phases=tuple(_phase(phase, load, late_s) for phase in exchange["phases"]),
        wire_bytes_per_step=wire / steps,
        backend=(record["provenance"].get("runtime") or {}).get("backend") or "gloo",
    )


def _phase(phase: Mapping[str, Any], load: float, late_s: float) -> PhaseCost:
    """Return one phase, with what it waits for the last rank; all shrink as forward does, hooks by their CPU time."""
    return PhaseCost(
        before_s=phase["before_s"] / load,
        forward_s=phase["forward_s"] / load,
        backward_s=phase["backward_s"] / load,
        after_s=(phase["after_s"] + late_s) / load,
        buckets=tuple(_bucket(bucket, load) for bucket in phase["buckets"]),
    )


def _bucket(bucket: Mapping[str, Any], load: float) -> BucketCost:
    return BucketCost(
        ready_s=bucket["ready_s"] / load,
        compress_s=_undisturbed(bucket["compress_s"], bucket.get("compress_cpu_s"), load),
        decompress_s=_undisturbed(bucket["decompress_s"], bucket.get("decompress_cpu_s"), load),
        calls=tuple(CallCost(**call) for call in bucket["calls"]),
    )


def _undisturbed(wall_s: float, cpu_s: float | None, load: float) -> float:
    """Return the seconds of work that other programs did not interrupt: CPU time where it is known and makes sense.

    Threads that help the one that is measured leave its CPU time as it is, so that it never exceeds the wall's.
    """
    if cpu_s is None:
        return wall_s / load
    return min(wall_s, max(cpu_s, wall_s / max(2.0, load) ** 2))


def _without_calls(record: Record, name: str, wire_bytes_per_step: float) -> StepCosts | None:
    """Return the cost by a record that does not know its collectives: its mean split without waiting.

    The parts are scaled to the median step, so that a few slow steps do not weigh.
    """
    time = record["time"]
    parts = {part: time.get(part) or 0.0 for part in SPLIT}
    whole = sum(parts.values())
    if whole <= 0:
        return None
    parts = {part: seconds * time["step_time_s"] / whole for part, seconds in parts.items()}
    bucket = BucketCost(
        ready_s=parts["backward_s"], compress_s=parts["compress_s"], decompress_s=parts["decompress_s"], calls=()
    )
    phase = PhaseCost(
        before_s=parts["data_s"] + parts["forward_s"],
        forward_s=parts["forward_s"],
        backward_s=parts["backward_s"],
        after_s=parts["optimizer_s"] + parts["other_s"],
        buckets=(bucket,),
    )
    return StepCosts(name=name, phases=(phase,), wire_bytes_per_step=wire_bytes_per_step, knows_calls=False)


def shared_base(every: Sequence[StepCosts]) -> tuple[PhaseCost, ...]:
    """Return the computing that all methods of a setting share: medians over all of their cells.

    Args:
        every: of each method and seed; those of an unusual number of phases are left out.
    """
    if not every:
        return ()
    count = statistics.mode(len(costs.phases) for costs in every)
    alike = [costs.phases for costs in every if len(costs.phases) == count]
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

    Where its forward pass, the same work for all, took longer than that of the base, its hooks did, too.

    Args:
        costs: of a method.
        base: phases whose times hold for all methods.
    """
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
