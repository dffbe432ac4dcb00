"""Compressors that send some blocks of each tensor."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rsbench.compressors.base import options
from rsbench.compressors.base.compressor import BUCKET_CAP_MB, Compressor
from rsbench.compressors.blocks.layout import Layout, dense, elements
from rsbench.compressors.density import allocation
from rsbench.compressors.density.warmup import WARMUPS

if TYPE_CHECKING:
    import torch

    from rsbench.compressors.hooks.sparse import Parts
    from rsbench.compressors.selection.selectors import Selector


@dataclasses.dataclass(kw_only=True, eq=False)
class SparseCompressor(Compressor):
    """A compressor that sends some blocks of each tensor and keeps the rest as a residual.

    Subclasses choose the parts of :class:`rsbench.compressors.hooks.sparse.SparseHook`: memory, score, policy, layout.
    """

    keeps_residual: ClassVar[bool] = True
    collective: ClassVar[str] = "all_gather"
    matchable: ClassVar[bool] = True

    density: float = options.option(0.01, "share of a tensor's elements that is sent", low=0, high=1, low_open=True)
    warmup_steps: int = options.option(
        0, "steps of density warm-up from 25 % down to the density, never below it", low=0
    )
    warmup: str = options.option(
        "stages", "five stages 25, 6.25, 1.5625, 0.4, 0.1 % (DGC), or falling exponentially", choices=tuple(WARMUPS)
    )
    values: str = options.option(
        "fp32", "format of sent values; 16 bits with one scale a tensor", choices=("fp32", "fp16", "bf16")
    )
    one_d: str = options.option(
        "dense",
        "tensors of fewer than two dimensions: sent whole, or selected by magnitude",
        choices=("dense", "select"),
    )
    selector: str = options.option(
        "sampled",
        "candidates by a sampled threshold, or all scores; both choose exactly",
        choices=("sampled", "exact"),
    )
    kernels: str = options.option(
        "auto",
        "loops compiled by numba on CPUs where it is installed, or torch operations",
        choices=("auto", "compiled", "eager"),
    )

    def cut(self, shape: Sequence[int]) -> Layout:
        """Layout of a tensor with at least two dimensions."""
        raise NotImplementedError

    def layout(self, shape: Sequence[int]) -> Layout:
        """Layout of any tensor; those of fewer than two dimensions follow ``one_d``."""
        small = elements if self.one_d == "select" else dense
        layout = self.cut(shape) if len(shape) >= 2 else small(shape)
        return layout.with_values(2, scaled=True) if self.values != "fp32" and layout.compressed else layout

    def density_at(self, step: int) -> float:
        """The larger of the asked density and the warm-up's at this step (Lin et al. 2018, section 3.3)."""
        if step >= self.warmup_steps:
            return self.density
        return max(self.density, WARMUPS[self.warmup](step / self.warmup_steps, self.density))

    @property
    def steady_from_step(self) -> int:
        """The first step at the asked density."""
        return self.warmup_steps

    def make_selector(self, device: torch.device, rank: int) -> Selector:
        """What chooses blocks on a device; GPUs take the path without host synchronisation."""
        from rsbench.compressors.kernels.dispatch import choose_threshold_pass
        from rsbench.compressors.selection.selectors import ExactSelector, SampledSelector

        if self.selector == "exact" or device.type != "cpu":
            return ExactSelector()
        return SampledSelector(choose_threshold_pass(self.kernels))

    def parts(self, **chosen: Any) -> Parts:
        """The parts of this compressor's hook: those that its options decide, and the ``chosen`` ones."""
        from rsbench.compressors.hooks.sparse import Parts

        common = {"layout": self.layout, "selector": self.make_selector, "density_at": self.density_at}
        return Parts(**{**common, "values": self.values, "kernels": self.kernels, **chosen})

    def control_bytes(self, tensors: int, step: int) -> int:
        """Bytes of a step's control traffic (the broadcast of renewed counts)."""
        return 0

    def payload_bytes(
        self, shapes: Mapping[str, Sequence[int]], step: int, bucket_cap_mb: float = BUCKET_CAP_MB
    ) -> int:
        """Payload bytes of a step at most. Dynamic policies fill the uniform policy's bytes to within a block."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        sizes = allocation.uniform_counts(layouts, self.density_at(step))
        compressed = sum(layout.compressed for layout in layouts)
        return allocation.message_bytes(layouts, sizes, bucket_cap_mb) + self.control_bytes(compressed, step)

    def total_payload_bytes(
        self, shapes: Mapping[str, Sequence[int]], steps: int, bucket_cap_mb: float = BUCKET_CAP_MB
    ) -> int:
        """Payload bytes of a whole run: each distinct density is counted out once."""
        layouts = [self.layout(shape) for shape in shapes.values()]
        compressed = sum(layout.compressed for layout in layouts)
        by_density = Counter(self.density_at(step) for step in range(steps))
        messages = sum(
            times * allocation.message_bytes(layouts, allocation.uniform_counts(layouts, density), bucket_cap_mb)
            for density, times in by_density.items()
        )
        return messages + sum(self.control_bytes(compressed, step) for step in range(steps))
