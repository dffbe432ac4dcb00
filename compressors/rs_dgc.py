"""RS-DGC: neighbourhoods chosen by their statistics, densities by a ranking across layers (our reading)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from rsbench.compressors import papers
from rsbench.compressors.base.momentum import MomentumCompressor
from rsbench.compressors.base.options import option
from rsbench.compressors.blocks.layout import NEIGHBORHOODS, Layout, elements, neighborhoods

if TYPE_CHECKING:
    from rsbench.compressors.hooks.counts import Parts
    from rsbench.compressors.selection.scores import Score


@dataclasses.dataclass(kw_only=True, eq=False)
class RSDGC(MomentumCompressor):
    """Whole gradient neighbourhoods by NSI, with a dynamic density per layer and DGC's memory (our reading).

    ``docs/rs-dgc.md`` has the formulas, and says what is certain from the paper.
    """

    name = "rsdgc"
    title = "RS-DGC"
    source = "Xie et al., IEEE TGRS 2024, arXiv 2312.17530; equations: our reading"
    references = (papers.XIE_2024_RSDGC,)

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
    policy: str = option("lamp", "densities across layers", choices=("global_rank", "mean_abs", "lamp", "uniform"))
    floor: float = option(0.1, "share of the asked density that every layer keeps", low=0, high=1)
    ceiling: float = option(1.0, "density that no layer exceeds", low=0, high=1, low_open=True)
    update_steps: int = option(
        0, "steps between renewals of the densities; 0 takes an epoch in rsbench runs, 100 steps elsewhere", low=0
    )

    def cut(self, shape: Sequence[int]) -> Layout:
        """Return the neighbourhoods of a tensor with at least two dimensions; single elements for ``magnitude``."""
        return elements(shape) if self.score == "magnitude" else neighborhoods(shape, self.neighborhood, self.p)

    @property
    def is_dynamic(self) -> bool:
        """Whether densities are renewed across layers."""
        return self.policy != "uniform"

    @property
    def largest_density(self) -> float:
        """Density that no layer exceeds."""
        return self.ceiling

    @property
    def period_steps(self) -> int:
        """Steps between renewals of the densities."""
        return self.update_steps or 100

    def for_run(self, *, steps_per_epoch: int) -> Self:
        """Return a compressor that renews its densities once an epoch, unless asked otherwise."""
        return self if self.update_steps else self.replace(update_steps=steps_per_epoch)

    def control_bytes(self, tensors: int, step: int) -> int:
        """Return the bytes that renewed counts cost in a step, one int32 a compressed tensor (period or warm-up)."""
        due = step % self.period_steps == 0 or self.density_at(step) != self.density_at(step - 1)
        return 4 * tensors if due and self.is_dynamic else 0

    def total_control_bytes(self, tensors: int, steps: int) -> int:
        """Return the same for a whole run: step by step in the warm-up, then once a period."""
        warm = min(steps, self.steady_from_step + 1)
        after = range(warm + -warm % self.period_steps, steps, self.period_steps) if self.policy != "uniform" else ()
        return sum(self.control_bytes(tensors, step) for step in range(warm)) + 4 * tensors * len(after)

    def make_score(self) -> Score:
        """Build the score that ``score`` names, NSI with its options."""
        from rsbench.compressors.selection.scores import SCORES, nsi  # late: start-up

        return SCORES.get(self.score) or nsi(self.alpha, self.stat, self.norm)

    def parts(self) -> Parts:
        """Return the parts of a momentum compressor, with densities that are renewed across layers."""
        from rsbench.compressors.density.policies import POLICIES  # late: start-up

        return dataclasses.replace(
            super().parts(),
            policy=POLICIES[self.policy]() if self.is_dynamic else None,
            floor=self.floor,
            ceiling=self.ceiling,
            update_steps=self.period_steps,
        )
