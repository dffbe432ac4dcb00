"""Bytes of a run before it runs: steps, estimates, and the density that gives an asked compression ratio."""

from __future__ import annotations

import dataclasses
import math

from rsbench.compressors import Compressor
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.errors import RsbenchError
from rsbench.measure.wire import wire_bytes
from rsbench.planning.probe import ModelFacts

_SMALLEST = 1e-12
_BISECTIONS = 60


def payload_bytes(compressor: Compressor, facts: ModelFacts, steps: int, bucket_cap_mb: float) -> int:
    """Return the payload bytes of a whole run, added up over the model's networks."""
    return sum(compressor.total_payload_bytes(shapes, steps, bucket_cap_mb) for shapes in facts.networks.values())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run will send and hold.

    Attributes:
        payload_bytes_per_step: mean over the run, one worker.
        total_payload_bytes: whole run, one worker.
        compression_ratio: dense bytes / payload bytes over the run; inf where nothing is sent.
        wire_ratio: the same with modelled wire bytes.
        memory_bytes_per_worker: weights, gradients, optimizer and compressor state, messages, and what the forward
            pass keeps for the backward pass.
        flops_per_step: floating-point operations of one worker's forward and backward pass.
    """

    payload_bytes_per_step: float
    total_payload_bytes: int
    compression_ratio: float
    wire_ratio: float
    memory_bytes_per_worker: int
    flops_per_step: float


def estimate(
    compressor: Compressor,
    facts: ModelFacts,
    *,
    workers: int,
    steps: int,
    batch_size: int,
    bucket_cap_mb: float = BUCKET_CAP_MB,
) -> Estimate:
    """Estimate a run from shapes alone.

    Args:
        compressor: with its density solved.
        facts: the model's shapes.
        workers: world size W.
        steps: optimizer steps of the run.
        batch_size: samples per worker and step.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB.
    """
    total = payload_bytes(compressor, facts, steps, bucket_cap_mb)
    dense = facts.dense_bytes * steps
    wire = sum(compressor.total_wire_bytes(n, steps, workers, bucket_cap_mb) for n in facts.networks.values())
    dense_wire = wire_bytes("all_reduce", dense, workers)
    messages = (workers + 1) * total // steps if compressor.collective == "all_gather" else 0
    copies = 4 + 2 * compressor.keeps_residual  # weights, gradients, buckets, momentum; u and v
    return Estimate(
        payload_bytes_per_step=total / steps,
        total_payload_bytes=total,
        compression_ratio=dense / total if total else math.inf,
        wire_ratio=dense_wire / wire if wire else (math.inf if dense_wire else 1.0),
        memory_bytes_per_worker=copies * facts.dense_bytes + messages + round(batch_size * facts.activation_bytes),
        flops_per_step=batch_size * facts.flops,
    )


def match_bytes(
    compressor: Compressor,
    facts: ModelFacts,
    *,
    ratio: float | None,
    match: str,
    workers: int,
    steps: int,
    bucket_cap_mb: float = BUCKET_CAP_MB,
) -> Compressor:
    """Solve for the density that gives an asked compression ratio over the whole run.

    Args:
        compressor: as the user asked for it; one without a density, or with a density given, comes back as it is.
        facts: the model's shapes.
        ratio: dense bytes / bytes sent, summed over all steps; None leaves the compressor alone.
        match: ``payload``: bytes handed to collectives; ``wire``: modelled bytes on the wire; ``density``: simply
            density 1 / ratio.
        workers: world size W.
        steps: optimizer steps of the run.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB; each bucket has a header.

    Returns:
        A compressor whose bytes are the most that stay within dense / ratio.

    Raises:
        RsbenchError: the ratio is out of the model's reach; the sentence gives the limit, the share of the 1-D
            tensors, and the remedy.
    """
    if ratio is None or not compressor.matchable or compressor.density_given:
        return compressor
    if match == "density":
        return compressor.with_density(min(1.0, 1 / ratio))
    dense = facts.dense_bytes * steps
    target = dense / ratio
    if match == "wire" and workers > 1:
        target *= wire_bytes("all_reduce", 1.0, workers) / wire_bytes(compressor.collective, 1.0, workers)

    def payload(density: float) -> int:
        return payload_bytes(compressor.with_density(density), facts, steps, bucket_cap_mb)

    least = payload(_SMALLEST)
    if least > target:
        raise _out_of_reach(compressor, facts, ratio=ratio, match=match, limit=ratio * target / least, steps=steps)
    low, high = _SMALLEST, 1.0
    if payload(high) <= target:
        return compressor.with_density(1.0)
    for _ in range(_BISECTIONS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if payload(middle) <= target else (low, middle)
    return compressor.with_density(_rounded_down(low))


def _rounded_down(density: float) -> float:
    """Return nine significant digits, rounded towards zero: one step up can cost a layer its break-even."""
    unit = 10.0 ** (math.floor(math.log10(density)) - 8)
    return float(f"{math.floor(density / unit) * unit:.9g}")


def _out_of_reach(
    compressor: Compressor, facts: ModelFacts, *, ratio: float, match: str, limit: float, steps: int
) -> RsbenchError:
    """Say how far the compressor reaches, what keeps it from more, and what to do."""
    least = payload_bytes(compressor.with_density(_SMALLEST), facts, steps, BUCKET_CAP_MB)
    whole = [layout for layout in map(compressor.layout, facts.shapes.values()) if not layout.compressed]
    share = sum(layout.dense_bytes for layout in whole) * steps / least
    causes, remedies = [], []
    if compressor.steady_from_step:
        causes.append(f"its density warm-up of {compressor.steady_from_step} steps counts")
        remedies.append("shorten warmup_steps")
    if whole:
        causes.append(f"tensors of fewer than two dimensions, sent whole, are {share:.0%} of those bytes")
    if share > 0.25:
        remedies.append(f"select within them too with --compressor {compressor.replace(one_d='select').text}")
    if limit >= 1:
        remedies.insert(0, f"ask for at most --ratio {math.floor(limit):g}")
    reach = f"it reaches {limit:,.4g}x" if limit < 10 else f"it reaches {limit:,.0f}x"
    why = "; ".join(causes)
    return RsbenchError(
        f"{compressor.name} cannot compress {facts.name} {ratio:g}x in {match} bytes: with one neighbourhood or "
        f"element a layer {reach}{f' ({why})' if why else ''}; {' or '.join(remedies) or 'use fewer workers'}."
    )
