"""Bytes of a run before it runs: steps, estimates, and the density that gives an asked compression ratio."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from rsbench.compressors import Compressor
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.errors import RsbenchError
from rsbench.measure.asked_ratio import TOLERANCE
from rsbench.planning.estimate import Estimate
from rsbench.planning.probe import ModelFacts
from rsbench.planning.run_bytes import Run
from rsbench.recipe.sync import EVERY_STEP, Sync

SMALLEST = 1e-12
"""A density at which every tensor sends one element or block."""
_BISECTIONS = 60
_MET = 0.9 * TOLERANCE
"""Relative miss of the ratio up to which one density, the same in all steps, is good enough."""
_SMALLEST_EXTRA = 1e-6


def estimate(
    compressor: Compressor,
    facts: ModelFacts,
    *,
    workers: int,
    steps: int | Sequence[int],
    batch_size: int,
    bucket_cap_mb: float = BUCKET_CAP_MB,
    sync: Sync = EVERY_STEP,
) -> Estimate:
    """Estimate a run from shapes alone.

    Args:
        compressor: with its density solved.
        facts: the model's shapes.
        workers: world size W.
        steps: local steps of the run, or of each of its phases.
        batch_size: samples per worker and step.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB.
        sync: how often workers exchange.
    """
    run = _run(facts, steps, workers, bucket_cap_mb, sync)
    compressor = compressor.for_workers(workers)
    total, wire, dense_wire = run.payload(compressor), run.wire(compressor), run.dense_wire_bytes
    messages = (workers + 1) * total // run.exchanges if compressor.collective == "all_gather" else 0
    copies = 4 + 2 * compressor.keeps_residual  # weights, gradients, buckets, momentum; u and v
    copies += 2 * sync.in_rounds  # where the round began, and the difference
    return Estimate(
        payload_bytes_per_step=total / run.steps,
        total_payload_bytes=total,
        compression_ratio=run.dense_bytes / total if total else math.inf,
        wire_ratio=dense_wire / wire if wire else (math.inf if dense_wire else 1.0),
        memory_bytes_per_worker=copies * facts.dense_bytes + messages + round(batch_size * facts.activation_bytes),
        flops_per_step=batch_size * facts.flops,
        uncertain_share=run.uncertain(compressor) / total if total else 0.0,
        wire_bytes=wire,
        collectives=run.collectives(compressor),
    )


def match_bytes(
    compressor: Compressor,
    facts: ModelFacts,
    *,
    ratio: float | None,
    match: str,
    workers: int,
    steps: int | Sequence[int],
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
        steps: local steps of the run, or of each of its phases.
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
    run = _run(facts, steps, workers, bucket_cap_mb, sync)
    return _Matching(compressor=without_extra.for_workers(workers), run=run, ratio=ratio, match=match).solved()


def _run(facts: ModelFacts, steps: int | Sequence[int], workers: int, bucket_cap_mb: float, sync: Sync) -> Run:
    phase_steps = (steps,) if isinstance(steps, int) else tuple(steps)
    return Run(facts=facts, phase_steps=phase_steps, workers=workers, bucket_cap_mb=bucket_cap_mb, sync=sync)


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
    run: Run
    ratio: float
    match: str

    @property
    def wired(self) -> bool:
        """Whether bytes on the wire are counted; a single worker has none."""
        return self.match == "wire" and self.run.workers > 1

    @property
    def target(self) -> float:
        """The most bytes that are to be sent over the run."""
        return (self.run.dense_wire_bytes if self.wired else self.run.dense_bytes) / self.ratio

    def sent(self, compressor: Compressor) -> float:
        """Return the bytes of the run, of the kind that is matched."""
        return self.run.wire(compressor) if self.wired else self.run.payload(compressor)

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
        certain = 1 - self.run.uncertain(matched) / self.run.payload(matched)
        if self.target <= (1 + _MET) * certain * without or most <= without:
            return matched
        share = min(1.0, max(_SMALLEST_EXTRA, (self.target - without) / (most - without)))
        return matched.with_extra(float(f"{share:.6f}"))

    def too_much(self, reach: float) -> RsbenchError:
        """Say how far the compressor reaches, what keeps it from more, and what to do."""
        compressor, facts, exchanges = self.compressor, self.run.handed_over, self.run.exchanges
        least = self.run.payload(compressor.with_density(SMALLEST))
        whole = [layout for layout in map(compressor.layout, facts.shapes.values()) if not layout.compressed]
        share = sum(layout.dense_bytes for layout in whole) * exchanges / least
        causes, remedies = [], []
        if compressor.steady_from_step:
            causes.append(f"its density warm-up of {compressor.steady_from_step} steps counts")
            remedies.append("shorten warmup_steps")
        if whole:
            causes.append(f"tensors of fewer than two dimensions, sent whole, are {share:.0%} of those bytes")
        if facts.exchanged_buffers:
            buffers = exchanges * sum(facts.exchanged_buffers) / least
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
        if self.run.sync.every > 1:
            limit += f" once in {self.run.sync.every} steps"
        remedies = [f"ask for at least --ratio {math.ceil(reach):g}"]
        if ceiling < 1:
            remedies.append("raise the ceiling")
        return RsbenchError(
            f"{compressor.text} cannot send as much as {self.ratio:g}x fewer {self.match} bytes of"
            f" {self.run.facts.name}: with {limit} it is at {_reach_text(reach)}; {' or '.join(remedies)}."
        )


def _reach_text(reach: float) -> str:
    return f"{reach:,.4g}x" if reach < 10 else f"{reach:,.0f}x"
