"""Compressors that send some blocks of each tensor."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from rsbench.compressors.base import options
from rsbench.compressors.base.compressor import BUCKET_CAP_MB, Compressor, Shapes
from rsbench.compressors.base.exchanges import AllGather, Exchange
from rsbench.compressors.base.planned_collective import PlannedCollective, added_up
from rsbench.compressors.blocks.layout import BYTES_OF, Layout, dense, elements
from rsbench.compressors.density import allocation
from rsbench.compressors.density.turns import Turns, budget_bytes, steady, turns
from rsbench.compressors.density.warmup import WARMUPS

if TYPE_CHECKING:
    import torch
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook
    from rsbench.compressors.hooks.counts import Parts
    from rsbench.compressors.memory.error_feedback import NoMemory
    from rsbench.compressors.selection.scores import Score
    from rsbench.compressors.selection.selectors import Selector


@dataclasses.dataclass(kw_only=True, eq=False)
class SparseCompressor(Compressor):
    """A compressor that sends some blocks of each tensor and keeps the rest as a residual.

    As it stands it is Top-k with error feedback. A subclass overrides what it does differently: :meth:`cut` into
    blocks, :meth:`make_memory`, :meth:`make_score`, :meth:`make_selector`, or any other of the :meth:`parts`.
    """

    keeps_residual: ClassVar[bool] = True
    collective: ClassVar[str] = "all_gather"
    setting: ClassVar[str] = "density"
    setting_range: ClassVar[tuple[float, float]] = (1e-12, 1.0)
    coarsest_words: ClassVar[str] = "one neighbourhood or element a layer"

    density: float = options.option(0.01, "share of a tensor's elements that is sent", low=0, high=1, low_open=True)
    extra: float = options.option(
        0.0,
        "share of one more block a tensor that is sent beyond the density; --ratio sets it",
        low=0,
        high=1,
    )
    warmup_steps: int = options.option(
        0, "steps of density warm-up from 25 % down to the density, never below it", low=0, high=100_000
    )
    warmup: str = options.option(
        "stages", "five stages 25, 6.25, 1.5625, 0.4, 0.1 % (DGC), or falling exponentially", choices=tuple(WARMUPS)
    )
    values: str = options.option(
        "fp32", "format of sent values; 16 and 8 bits with one scale a tensor", choices=tuple(BYTES_OF)
    )
    one_d: str = options.option(
        "dense",
        "tensors of fewer than two dimensions: sent whole, or selected by magnitude",
        choices=("dense", "select"),
    )
    selector: str = options.option(
        "sampled", "candidates by a sampled threshold, or all scores; both choose exactly", choices=("sampled", "exact")
    )
    kernels: str = options.option(
        "auto",
        "loops compiled by numba on CPUs or Triton on GPUs where installed, or torch operations",
        choices=("auto", "compiled", "eager"),
    )

    # --- what a subclass may override --------------------------------------------------------------------------

    def cut(self, shape: Sequence[int]) -> Layout:
        """Return the layout of a tensor with at least two dimensions; by default single elements."""
        return elements(shape)

    def make_memory(self, parameters: dict[str, torch.Tensor]) -> NoMemory:
        """Build the residual of the compressed parameters (tensor name -> parameter); by default error feedback."""
        from rsbench.compressors.memory.error_feedback import ErrorFeedback  # late: start-up

        return ErrorFeedback(parameters)

    def make_score(self) -> Score:
        """Build the importance of a block; by default the mean magnitude, of an element |v|."""
        from rsbench.compressors.selection.scores import MEAN  # late: start-up

        return MEAN

    def make_selector(self, device: torch.device, rank: int) -> Selector:
        """Build what chooses blocks on a device; GPUs take the path without host synchronisation."""
        from rsbench.compressors.kernels.dispatch import choose_threshold_pass  # late: start-up
        from rsbench.compressors.selection.selectors import ExactSelector, SampledSelector

        if self.selector == "exact" or device.type != "cpu":
            return ExactSelector()
        return SampledSelector(choose_threshold_pass(self.kernels))

    def parts(self) -> Parts:
        """Return the parts of the hook, as the options and the methods above say."""
        from rsbench.compressors.hooks.counts import Parts  # late: start-up

        return Parts(
            layout=self.layout,
            score=self.make_score(),
            memory=self.make_memory,
            selector=self.make_selector,
            density_at=self.density_at,
            extra=self.extra,
            values=self.values,
            kernels=self.kernels,
        )

    @property
    def is_dynamic(self) -> bool:
        """Whether densities of the tensors follow from weights, so that bytes are known to within a block only."""
        return False

    def control_bytes(self, tensors: int, step: int) -> int:
        """Return the bytes of a step's control traffic (the broadcast of renewed counts)."""
        return 0

    def total_control_bytes(self, tensors: int, steps: int) -> int:
        """Return the bytes of a run's control traffic; override it where long runs can be counted in one go."""
        if type(self).control_bytes is SparseCompressor.control_bytes:
            return 0
        return sum(self.control_bytes(tensors, step) for step in range(steps))

    # --- what follows from it ----------------------------------------------------------------------------------

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Build the hook of these parts and this exchange."""
        return self.plan.make_hook(model, self.identity, self.parts())

    @property
    def plan(self) -> Exchange:
        """How what is chosen reaches all ranks."""
        return AllGather()

    def layout(self, shape: Sequence[int]) -> Layout:
        """Return the layout of any tensor; those of fewer than two dimensions follow ``one_d``."""
        small = elements if self.one_d == "select" else dense
        layout = self.cut(shape) if len(shape) >= 2 else small(shape)
        return layout.with_values(BYTES_OF[self.values], scaled=True) if layout.compressed else layout

    def density_at(self, step: int) -> float:
        """Return the larger of the asked density and the warm-up's at this step (Lin et al. 2018, section 3.3)."""
        if step >= self.warmup_steps:
            return min(self.largest_density, self.density)
        warmup = WARMUPS[self.warmup](step / self.warmup_steps, self.density)
        return min(self.largest_density, max(self.density, warmup))

    def with_extra(self, extra: float) -> Self:
        """Return a fresh compressor that sends a share of one more block a tensor beyond its density."""
        return self.replace(extra=extra)

    @property
    def steady_from_step(self) -> int:
        """The first step at the asked density."""
        return self.warmup_steps

    def payload_bytes(self, shapes: Shapes, step: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of a step, with ``extra`` on average; dynamic policies may miss them by a block."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        turns = self._turns(layouts, self.density_at(step))
        low = self.plan.step(layouts, turns.low, allocation.buckets(layouts, bucket_cap_mb, step), self.workers)
        messages = sum(each.counted for each in low) + turns.budget_bytes - turns.low_bytes
        return messages + self.control_bytes(_compressed(layouts), step)

    def total_payload_bytes(self, shapes: Shapes, steps: int, bucket_cap_mb: float = BUCKET_CAP_MB) -> int:
        """Return the payload bytes of a whole run; each distinct density is counted out once."""
        return sum(each.counted for each in self.collectives(shapes, steps, bucket_cap_mb))

    def collectives(
        self, shapes: Shapes, steps: int, bucket_cap_mb: float = BUCKET_CAP_MB
    ) -> Sequence[PlannedCollective]:
        """Return what a run hands to collectives: those of the exchange, and renewed counts, which are broadcast."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        exchanged = [
            each.times(times)
            for counts, buckets, times in self._alike_steps(layouts, steps, bucket_cap_mb)
            for each in self.plan.step(layouts, counts, buckets, self.workers)
        ]
        counts_bytes = self.total_control_bytes(_compressed(layouts), steps)
        renewals = counts_bytes // (4 * _compressed(layouts)) if counts_bytes else 0
        return [*added_up(exchanged), PlannedCollective("broadcast", counts_bytes, renewals)]

    def uncertain_bytes(self, shapes: Shapes, steps: int) -> int:
        """Return by how much a run may miss its planned bytes, whatever its weights: dynamic policies, by blocks.

        With ``extra``, the run and the plan each keep to half a block of what steps send on average.
        """
        if not self.is_dynamic:
            return 0
        block = allocation.largest_block_bytes([self.layout(shape) for shape in shapes.values()])
        return block if self.extra else block * steps

    # --- bytes -------------------------------------------------------------------------------------------------

    def _turns(self, layouts: Sequence[Layout], density: float) -> Turns:
        """Return what steps at a density send; without ``extra`` each the same."""
        counts = allocation.uniform_counts(layouts, density)
        if not self.extra:
            return steady(layouts, counts)
        most = allocation.uniform_counts(layouts, self.largest_density)
        return turns(layouts, counts, most, budget_bytes(layouts, counts, most, self.extra))

    def _alike_steps(
        self, layouts: Sequence[Layout], steps: int, bucket_cap_mb: float
    ) -> Iterator[tuple[Sequence[int], list[list[int]], int]]:
        """Yield counts of blocks, the tensors of the buckets, and how many steps of a run send these."""
        warming = min(steps, max(1, self.steady_from_step))
        alike = Counter((self.density_at(step), step == 0) for step in range(warming))
        alike[self.density_at(steps), False] += steps - warming
        owed = 0
        for (density, is_first), times in alike.items():
            turns = self._turns(layouts, density)
            high = turns.high_steps(times, owed)
            buckets = allocation.buckets(layouts, bucket_cap_mb, 0 if is_first else 1)
            yield from ((counts, buckets, n) for counts, n in ((turns.low, times - high), (turns.high, high)) if n)
            owed += times * turns.budget_bytes - turns.total_bytes(times, owed)


def _compressed(layouts: Sequence[Layout]) -> int:
    return sum(layout.compressed for layout in layouts)
