"""What a record says of its steps: how often they exchange, their parts, and what they cost apart from the link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rsbench.measure.step_times import SPLIT
from rsbench.recipe.sync import EVERY_STEP, Sync, parse_sync
from rsbench.reports.costs.step_model import BucketCost, CallCost, PhaseCost, StepCosts
from rsbench.results.schema import Record

ROUND: Final = "round_s"
"""The part of a step that only rounds have: the difference, restoring, the outer step, averaging buffers."""
PARTS: Final = (*(part for part in SPLIT if part != ROUND), ROUND)
"""All parts that add up to a step's time, as records name them."""


def sync_of(record: Record) -> Sync:
    """Return how often a record's workers exchanged; records from before there was a choice say nothing."""
    text = record["cell"].get("sync")
    return parse_sync(text) if text else EVERY_STEP


def backend_of(record: Record) -> str:
    """Return what torch calls the backend that exchanged."""
    return str((record["provenance"].get("runtime") or {}).get("backend") or "gloo")


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
        every_step=sync_of(record).kind == "steps",
        backend=backend_of(record),
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
    parts = {part: time.get(part) or 0.0 for part in PARTS}
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
        after_s=parts["optimizer_s"] + parts["other_s"] + parts[ROUND],
        buckets=(bucket,),
    )
    return StepCosts(
        name=name,
        phases=(phase,),
        wire_bytes_per_step=wire_bytes_per_step,
        knows_calls=False,
        every_step=sync_of(record).kind == "steps",
    )
