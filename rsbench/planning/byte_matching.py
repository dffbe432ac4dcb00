"""Bytes of a run before it runs: steps, estimates, and the density that gives an asked compression ratio."""

from __future__ import annotations

import dataclasses
import math

from rsbench.compressors import Compressor
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.compressors.none import NoCompression
from rsbench.errors import RsbenchError
from rsbench.measure.asked_ratio import TOLERANCE
from rsbench.planning.estimate import Estimate
from rsbench.planning.probe import ModelFacts
from rsbench.recipe.sync import EVERY_STEP, Sync

SMALLEST = 1e-12
"""A density at which every tensor sends one element or block."""
_BISECTIONS = 60
_MET = 0.9 * TOLERANCE
"""Relative miss of the ratio up to which one density, the same in all steps, is good enough."""
_SMALLEST_EXTRA = 1e-6


def payload_bytes(compressor: Compressor, facts: ModelFacts, steps: int, bucket_cap_mb: float) -> int:
    """Return the payload bytes of a whole run, added up over the model's networks and exchanged buffers."""
    buffers = steps * sum(facts.exchanged_buffers)
    networks = facts.networks.values()
    return buffers + sum(compressor.total_payload_bytes(shapes, steps, bucket_cap_mb) for shapes in networks)


def wire_total(compressor: Compressor, facts: ModelFacts, steps: int, workers: int, bucket_cap_mb: float) -> float:
    """Return the modelled bytes that one worker puts on the wire in a whole run, over the model's networks."""
    networks = facts.networks.values()
    buffers = sum(planned.wire_bytes(workers) for planned in _planned_buffers(facts, steps))
    return buffers + sum(compressor.total_wire_bytes(shapes, steps, workers, bucket_cap_mb) for shapes in networks)


def planned_collectives(
    compressor: Compressor, facts: ModelFacts, steps: int, bucket_cap_mb: float
) -> list[PlannedCollective]:
    """Return all calls that one worker makes in a whole run, over the model's networks."""
    networks = facts.networks.values()
    planned = [one for shapes in networks for one in compressor.collectives(shapes, steps, bucket_cap_mb)]
    return planned + _planned_buffers(facts, steps)


def _planned_buffers(facts: ModelFacts, steps: int) -> list[PlannedCollective]:
    """Return the averages of buffers that exchanges end with."""
    return [PlannedCollective("all_reduce", steps * size, steps) for size in facts.exchanged_buffers]


def dense_wire_total(facts: ModelFacts, steps: int, workers: int, bucket_cap_mb: float) -> float:
    """Return the modelled bytes that one worker puts on the wire in a whole run without compression."""
    return wire_total(NoCompression(), facts, steps, workers, bucket_cap_mb)


def uncertain_bytes(compressor: Compressor, facts: ModelFacts, steps: int) -> int:
    """Return by how many payload bytes a whole run may miss :func:`payload_bytes`, depending on its weights."""
    return sum(compressor.uncertain_bytes(shapes, steps) for shapes in facts.networks.values())


def estimate(
    compressor: Compressor,
    facts: ModelFacts,
    *,
    workers: int,
    steps: int,
    batch_size: int,
    bucket_cap_mb: float = BUCKET_CAP_MB,
    sync: Sync = EVERY_STEP,
) -> Estimate:
    """Estimate a run from shapes alone.

    Args:
        compressor: with its density solved.
        facts: the model's shapes.
        workers: world size W.
        steps: local steps of the run.
        batch_size: samples per worker and step.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB.
        sync: how often workers exchange.
    """
    compressor, sent, exchanges = compressor.for_workers(workers), facts.handed_over(sync), sync.exchanges(steps)
    total = payload_bytes(compressor, sent, exchanges, bucket_cap_mb)
    dense = facts.dense_bytes * steps
    wire = wire_total(compressor, sent, exchanges, workers, bucket_cap_mb)
    dense_wire = dense_wire_total(facts, steps, workers, bucket_cap_mb)
    messages = (workers + 1) * total // exchanges if compressor.collective == "all_gather" else 0
    collectives = planned_collectives(compressor, sent, exchanges, bucket_cap_mb)
    copies = 4 + 2 * compressor.keeps_residual  # weights, gradients, buckets, momentum; u and v
    copies += 2 * sync.in_rounds  # where the round began, and the difference
    return Estimate(
        payload_bytes_per_step=total / steps,
        total_payload_bytes=total,
        compression_ratio=dense / total if total else math.inf,
        wire_ratio=dense_wire / wire if wire else (math.inf if dense_wire else 1.0),
        memory_bytes_per_worker=copies * facts.dense_bytes + messages + round(batch_size * facts.activation_bytes),
        flops_per_step=batch_size * facts.flops,
        uncertain_share=uncertain_bytes(compressor, sent, exchanges) / total if total else 0.0,
        wire_bytes=wire,
        collectives=collectives,
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
    sync: Sync = EVERY_STEP,
) -> Compressor:
    """Solve for the density that gives an asked compression ratio over the whole run.

    Args:
        compressor: as the user asked for it; one without a density, or with a density given, comes back as it is.
        facts: the model's shapes.
        ratio: dense bytes at every step / bytes sent, summed over the run; None leaves the compressor alone.
        match: ``payload``: bytes handed to collectives; ``wire``: modelled bytes on the wire; ``density``: simply
            density 1 / ratio.
        workers: world size W.
        steps: local steps of the run.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB; each bucket has a header.
        sync: how often workers exchange.

    Returns:
        A compressor whose bytes are the most that stay within dense / ratio; where whole blocks of one density would
        miss that by 1 %, the rest of the budget is shared out over tensors and steps, to the nearest block.

    Raises:
        RsbenchError: the ratio is out of the model's reach; the sentence gives the limit, the share of the 1-D
            tensors, and the remedy. A density that is asked for is above the compressor's ceiling; ``extra`` is given
            without one.
    """
    if ratio is None or not compressor.matchable or compressor.density_given:
        return _checked(compressor) if compressor.density_given else compressor
    if match == "density":
        return _checked(compressor.with_density(min(1.0, 1 / ratio)))
    without_extra = compressor.with_extra(0.0)
    if without_extra.text != compressor.text:
        raise RsbenchError(f"{compressor.text} gives extra, which --ratio sets: leave it out, or give a density too.")
    return _Matching(
        compressor=without_extra.for_workers(workers),
        facts=facts,
        ratio=ratio,
        match=match,
        workers=workers,
        steps=steps,
        bucket_cap_mb=bucket_cap_mb,
        sync=sync,
    ).solved()


def _checked(compressor: Compressor) -> Compressor:
    """Return the compressor, unless its density can never be sent.

    Raises:
        RsbenchError: no tensor may have such a density.
    """
    density, ceiling = getattr(compressor, "density", 0.0), compressor.largest_density
    if density > ceiling:
        raise RsbenchError(
            f"{compressor.name} is asked for a density of {density:g}, but its ceiling lets no layer send more than"
            f" {ceiling:g}: raise the ceiling, or ask for a density of at most {ceiling:g}."
        )
    return compressor


def _rounded_down(density: float) -> float:
    """Return nine significant digits, rounded towards zero: one step up can cost a layer its break-even."""
    unit = 10.0 ** (math.floor(math.log10(density)) - 8)
    return float(f"{math.floor(density / unit) * unit:.9g}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Matching:
    """A compressor that is to be brought to a ratio, as :func:`match_bytes` is asked for it."""

    compressor: Compressor
    facts: ModelFacts
    ratio: float
    match: str
    workers: int
    steps: int
    bucket_cap_mb: float
    sync: Sync

    @property
    def handed_over(self) -> ModelFacts:
        """What an exchange hands over."""
        return self.facts.handed_over(self.sync)

    @property
    def exchanges(self) -> int:
        """Exchanges of the run."""
        return self.sync.exchanges(self.steps)

    @property
    def wired(self) -> bool:
        """Whether bytes on the wire are counted; a single worker has none."""
        return self.match == "wire" and self.workers > 1

    @property
    def target(self) -> float:
        """The most bytes that are to be sent over the run."""
        dense = self.facts.dense_bytes * self.steps
        if self.wired:
            return dense_wire_total(self.facts, self.steps, self.workers, self.bucket_cap_mb) / self.ratio
        return dense / self.ratio

    def sent(self, compressor: Compressor) -> float:
        """Return the bytes of the run, of the kind that is matched."""
        if self.wired:
            return wire_total(compressor, self.handed_over, self.exchanges, self.workers, self.bucket_cap_mb)
        return payload_bytes(compressor, self.handed_over, self.exchanges, self.bucket_cap_mb)

    def solved(self) -> Compressor:
        """Return the compressor with the density, and what it takes beyond that.

        Raises:
            RsbenchError: the ratio is out of reach.
        """
        least, most = (self.sent(self.compressor.with_density(density)) for density in (SMALLEST, 1.0))
        if least > self.target:
            raise self.too_much(reach=self.ratio * self.target / least)
        if most * (1 + TOLERANCE) < self.target:
            raise self.too_little(reach=self.ratio * self.target / most)
        if most <= self.target:
            return self.compressor.with_density(1.0)
        low, high = SMALLEST, 1.0
        for _ in range(_BISECTIONS):
            middle = math.sqrt(low * high)
            fits = self.sent(self.compressor.with_density(middle)) <= self.target
            low, high = (middle, high) if fits else (low, middle)
        return self.filled(self.compressor.with_density(_rounded_down(low)))

    def filled(self, matched: Compressor) -> Compressor:
        """Return the compressor with the share of further blocks that takes up what whole blocks leave of the budget.

        One density, the same in all steps, is good enough where it misses by less than 1 % for sure.
        """
        without, most = self.sent(matched), self.sent(matched.with_extra(1.0))
        certain = 1 - uncertain_bytes(matched, self.handed_over, self.exchanges) / payload_bytes(
            matched, self.handed_over, self.exchanges, self.bucket_cap_mb
        )
        if self.target <= (1 + _MET) * certain * without or most <= without:
            return matched
        share = min(1.0, max(_SMALLEST_EXTRA, (self.target - without) / (most - without)))
        return matched.with_extra(float(f"{share:.6f}"))

    def too_much(self, reach: float) -> RsbenchError:
        """Say how far the compressor reaches, what keeps it from more, and what to do."""
        compressor, facts = self.compressor, self.handed_over
        least = payload_bytes(compressor.with_density(SMALLEST), facts, self.exchanges, self.bucket_cap_mb)
        whole = [layout for layout in map(compressor.layout, facts.shapes.values()) if not layout.compressed]
        share = sum(layout.dense_bytes for layout in whole) * self.exchanges / least
        causes, remedies = [], []
        if compressor.steady_from_step:
            causes.append(f"its density warm-up of {compressor.steady_from_step} steps counts")
            remedies.append("shorten warmup_steps")
        if whole:
            causes.append(f"tensors of fewer than two dimensions, sent whole, are {share:.0%} of those bytes")
        if facts.exchanged_buffers:
            buffers = self.exchanges * sum(facts.exchanged_buffers) / least
            causes.append(f"averaged buffers, such as batch norm's, are {buffers:.0%} of those bytes")
        if share > 0.25:
            remedies.append(f"select within them too with --compressor {compressor.replace(one_d='select').text}")
        if reach >= 1:
            remedies.insert(0, f"ask for at most --ratio {math.floor(reach):g}")
        why = "; ".join(causes)
        return RsbenchError(
            f"{compressor.name} cannot compress {facts.name} {self.ratio:g}x in {self.match} bytes: with one"
            f" neighbourhood or element a layer it reaches {_reach_text(reach)}{f' ({why})' if why else ''};"
            f" {' or '.join(remedies) or 'use fewer workers'}."
        )

    def too_little(self, reach: float) -> RsbenchError:
        """Say that even with all that it may send, the compressor sends less than was asked for."""
        compressor = self.compressor
        ceiling = compressor.largest_density
        limit = f"every layer at its ceiling of {ceiling:g}" if ceiling < 1 else "every tensor sent whole"
        if self.sync.every > 1:
            limit += f" once in {self.sync.every} steps"
        remedies = [f"ask for at least --ratio {math.ceil(reach):g}"]
        if ceiling < 1:
            remedies.append("raise the ceiling")
        return RsbenchError(
            f"{compressor.text} cannot send as much as {self.ratio:g}x fewer {self.match} bytes of {self.facts.name}:"
            f" with {limit} it is at {_reach_text(reach)}; {' or '.join(remedies)}."
        )


def _reach_text(reach: float) -> str:
    return f"{reach:,.4g}x" if reach < 10 else f"{reach:,.0f}x"
