"""A row's step costs as plain numbers, for a page that computes steps on other links itself (``html/links.js``)."""

from __future__ import annotations

from typing import Any

from rsbench.links.collective_time import Constants, constants_of, transfer_of
from rsbench.reports.costs.step_model import BucketCost, CallCost, PhaseCost, StepCosts


def page_costs(costs: StepCosts) -> dict[str, Any]:
    """Return what the page's ``stepSeconds`` takes a step's costs from."""
    if not costs.knows_calls:
        return {"compute_s": costs.compute_s, "wire_bytes": costs.wire_bytes_per_step}
    constants = constants_of(costs.backend)
    return {"phases": [_phase(phase, constants) for phase in costs.phases]}


def _phase(phase: PhaseCost, constants: Constants) -> dict[str, Any]:
    return {
        "before_s": phase.before_s,
        "backward_s": phase.backward_s,
        "after_s": phase.after_s,
        "buckets": [_bucket(bucket, constants) for bucket in phase.buckets],
    }


def _bucket(bucket: BucketCost, constants: Constants) -> dict[str, Any]:
    return {
        "ready_s": bucket.ready_s,
        "compress_s": bucket.compress_s,
        "decompress_s": bucket.decompress_s,
        "calls": [_call(call, constants) for call in bucket.calls],
    }


def _call(call: CallCost, constants: Constants) -> dict[str, Any]:
    transfer = transfer_of(call.op, call.payload_bytes, call.workers, constants)
    return {"per_step": call.per_step, "blocking": call.blocking, **transfer._asdict()}
