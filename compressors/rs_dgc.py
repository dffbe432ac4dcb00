"""RS-DGC: neighbourhoods chosen by their statistics, densities by a ranking across layers (our reading)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from rsbench.compressors.base.momentum import MomentumCompressor
from rsbench.compressors.base.options import option
from rsbench.compressors.blocks.layout import NEIGHBORHOODS, Layout, elements, neighborhoods

if TYPE_CHECKING:
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.compressors.hooks.base import Hook


@dataclasses.dataclass(kw_only=True, eq=False)
class RSDGC(MomentumCompressor):
    """Whole gradient neighbourhoods by NSI, with a dynamic density per layer and DGC's memory (our reading).

    See ``docs/rs-dgc.md`` for the formulas and for what is certain from the paper.
    """

    name = "rsdgc"
    title = "RS-DGC"
    source = "Xie et al., IEEE TGRS 2024, arXiv 2312.17530; equations: our reading"

    score: str = option(
        "nsi",
        "importance of a neighbourhood: NSI, mean |v|, L2 norm; or magnitude of single elements",
        choices=("nsi", "mean", "l2", "magnitude"),
    )
    alpha: float = option(0.8, "weight of the mean |v| in NSI; the rest goes to the deviation", low=0, high=1)
    stat: str = option("std", "deviation in NSI: standard deviation or variance", choices=("std", "var"))
    norm: str = option("l2", "scale both terms of NSI by their L2 norm over the layer, or not", choices=("l2", "none"))
    neighborhood: str = option(
        "kernel", "k x k kernel slices (tiles elsewhere), or p x p tiles everywhere", choices=NEIGHBORHOODS
    )
    p: int = option(3, "side of a tile", low=1, high=64)
    policy: str = option(
        "global_rank", "densities across layers", choices=("global_rank", "mean_abs", "lamp", "uniform")
    )
    floor: float = option(0.1, "share of the asked density that every layer keeps", low=0, high=1)
    ceiling: float = option(1.0, "density that no layer exceeds", low=0, high=1, low_open=True)
    update_steps: int = option(
        0, "steps between renewals of the densities; 0 takes an epoch in rsbench runs, 100 steps elsewhere", low=0
    )

    def cut(self, shape: Sequence[int]) -> Layout:
        """Neighbourhoods of a tensor with at least two dimensions; single elements for ``score=magnitude``."""
        return elements(shape) if self.score == "magnitude" else neighborhoods(shape, self.neighborhood, self.p)

    @property
    def period_steps(self) -> int:
        """Steps between renewals of the densities."""
        return self.update_steps or 100

    def for_run(self, *, steps_per_epoch: int) -> Self:
        """Renew once an epoch, unless asked otherwise."""
        return self if self.update_steps else self.replace(update_steps=steps_per_epoch)

    def control_bytes(self, tensors: int, step: int) -> int:
        """The broadcast of one int32 count a compressed tensor at each renewal, by the clock or by the warm-up."""
        due = step % self.period_steps == 0 or self.density_at(step) != self.density_at(step - 1)
        return 4 * tensors if due and self.policy != "uniform" else 0

    def make_hook(self, model: DistributedDataParallel) -> Hook:
        """Momentum correction, NSI, cross-layer densities."""
        from rsbench.compressors.density.policies import POLICIES
        from rsbench.compressors.hooks.sparse import SparseHook
        from rsbench.compressors.selection import scores

        known = {"mean": scores.MEAN, "l2": scores.L2, "magnitude": scores.MAGNITUDE}
        parts = self.parts(
            score=known.get(self.score) or scores.nsi(self.alpha, self.stat, self.norm),
            policy=None if self.policy == "uniform" else POLICIES[self.policy](),
            floor=self.floor,
            ceiling=self.ceiling,
            update_steps=self.period_steps,
            **self.momentum_parts(),
        )
        return SparseHook(model, self.identity, parts)
