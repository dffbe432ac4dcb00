"""Bytes of a run before it runs: estimates, and what gives an asked compression ratio: a setting, a round's length."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from rsbench.compressors import Compressor
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.errors import RsbenchError
from rsbench.measure.asked_ratio import TOLERANCE
from rsbench.planning.estimate import Estimate
from rsbench.planning.probe import ModelFacts
from rsbench.planning.run_bytes import Run
from rsbench.recipe.sync import EVERY_STEP, Sync

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
    """Solve for the setting (density, rank, levels) that gives an asked compression ratio over the whole run.

    Args:
        compressor: as the user asked for it; one without a setting, or with it given, comes back as it is.
        facts: the model's shapes.
        ratio: dense bytes at every step / bytes sent, summed over the run; None leaves the compressor alone.
        match: ``payload``: bytes handed to collectives; ``wire``: modelled bytes on the wire; ``density``: simply
            density 1 / ratio, where there is one.
        workers: world size W.
        steps: local steps of the run, or of each of its phases.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB; each bucket has a header.
        sync: how often workers exchange.

    Returns:
        A compressor whose bytes are the most that stay within dense / ratio; where whole blocks of one density would
        miss that by 1 %, the rest of the budget is shared out over tensors and steps, to the nearest block. Ranks and
        levels come in steps, and may leave more of it.

    Raises:
        RsbenchError: the ratio is out of the model's reach; the sentence gives the limit, the share of the 1-D
            tensors, and the remedy. A density that is asked for is above the compressor's ceiling; ``extra`` is given
            without one.
    """
    if ratio is None or not compressor.is_open:
        return _checked(compressor) if compressor.setting_given else compressor
    if match == "density":
        return _checked(compressor.with_density(min(1.0, 1 / ratio)))
    without_extra = compressor.with_extra(0.0)
    if without_extra.text != compressor.text:
        raise RsbenchError(f"{compressor.text} gives extra, which --ratio sets: leave it out, or give a density too.")
    run = _run(facts, steps, workers, bucket_cap_mb, sync)
    return _Matching(compressor=without_extra.for_workers(workers), run=run, ratio=ratio, match=match).solved()


def shortest_rounds(
    compressor: Callable[[Sync], Compressor],
    facts: ModelFacts,
    *,
    ratio: float,
    match: str,
    workers: int,
    steps: Sequence[int],
    bucket_cap_mb: float = BUCKET_CAP_MB,
    sync: Sync,
) -> Sync:
    """Solve for the shortest rounds in which an asked compression ratio is within reach over the whole run.

    Args:
        compressor: rounds of some length -> what exchanges in them; its coarsest setting counts.
        facts: the model's shapes.
        ratio: as :func:`match_bytes` takes it, as are ``match``, ``workers`` and ``bucket_cap_mb``.
        match: ``payload`` or ``wire``.
        workers: world size W.
        steps: local steps of each phase of the run; rounds are at most as long as the last.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB.
        sync: rounds whose length is asked for.

    Raises:
        RsbenchError: not even a single exchange at the end sends so little.
    """

    def matching(every: int) -> _Matching:
        rounds = sync.of_length(every)
        run = _run(facts, steps, workers, bucket_cap_mb, rounds)
        return _Matching(compressor=compressor(rounds).for_workers(workers).coarsest, run=run, ratio=ratio, match=match)

    low, high = 0, steps[-1]
    longest = matching(high)
    if not longest.within_reach:
        raise RsbenchError(
            f"{longest.compressor.text} in rounds cannot compress {facts.name} {ratio:g}x in {match} bytes: with a"
            f" single exchange, after all {high:,} steps, it reaches {_reach_text(longest.reach)}; ask for at most"
            f" --ratio {math.floor(longest.reach)}, or for more steps."
        )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if matching(middle).within_reach else (middle, high)
    return sync.of_length(high)


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

    def fits(self, compressor: Compressor) -> bool:
        """Return whether a compressor sends no more than that."""
        return self.sent(compressor) <= self.target

    @property
    def within_reach(self) -> bool:
        """Whether the compressor's coarsest setting fits."""
        return self.fits(self.compressor.coarsest)

    @property
    def reach(self) -> float:
        """The ratio that the compressor's coarsest setting gives."""
        least = self.sent(self.compressor.coarsest)
        return self.ratio * self.target / least if least else math.inf

    def solved(self) -> Compressor:
        """Return the compressor with the setting, and what it takes beyond that.

        Raises:
            RsbenchError: the ratio is out of reach.
        """
        low, high = self.compressor.setting_range
        finest = self.compressor.with_setting(high)
        most = self.sent(finest)
        if not self.within_reach:
            raise self.too_much()
        if most * (1 + TOLERANCE) < self.target and not self.compressor.setting_is_coarse:
            raise self.too_little(reach=self.ratio * self.target / most)
        if most <= self.target:
            return finest
        for _ in range(_BISECTIONS):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if self.fits(self.compressor.with_setting(middle)) else (low, middle)
        return self.filled(self.compressor.with_setting(_rounded_down(low)))

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

    def too_much(self) -> RsbenchError:
        """Say how far the compressor reaches, what keeps it from more, and what to do."""
        compressor, facts, exchanges = self.compressor.coarsest, self.run.handed_over, self.run.exchanges
        least, reach = self.run.payload(compressor), self.reach
        whole = [layout for layout in map(compressor.layout, facts.shapes.values()) if not layout.compressed]
        by_density = compressor.setting == "density"
        share = sum(layout.dense_bytes for layout in whole) * exchanges / least
        causes, remedies = [], []
        if compressor.steady_from_step:
            causes.append(f"its density warm-up of {compressor.steady_from_step} steps counts")
            remedies.append("shorten warmup_steps")
        if whole:
            small = "" if by_density else " and small ones"
            causes.append(f"tensors of fewer than two dimensions{small}, sent whole, are {share:.0%} of those bytes")
        if facts.exchanged_buffers:
            buffers = exchanges * sum(facts.exchanged_buffers) / least
            causes.append(f"averaged buffers, such as batch norm's, are {buffers:.0%} of those bytes")
        if not by_density:
            remedies.append("add --sync rounds, whose length follows the ratio")
        elif share > 0.25:
            remedies.append(f"select within them too with --compressor {self.compressor.replace(one_d='select').text}")
        if reach >= 1:
            remedies.insert(0, f"ask for at most --ratio {math.floor(reach):g}")
        why = "; ".join(causes)
        return RsbenchError(
            f"{compressor.name} cannot compress {facts.name} {self.ratio:g}x in {self.match} bytes: with"
            f" {compressor.coarsest_words} it reaches {_reach_text(reach)}{f' ({why})' if why else ''};"
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
    return f"{reach:,.4g}x" if reach < 1000 else f"{reach:,.0f}x"
