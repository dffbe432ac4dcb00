"""The pass of :mod:`rsbench.compressors.sweep` by the compiled loops of :mod:`rsbench.compressors.loops`.

An optional extra (``pip install 'rsbench[fast]'``), CPU and float32 only; importing this module without numba raises
ImportError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rsbench.compressors import loops
from rsbench.compressors.layout import Layout, elements, kernels, tiles
from rsbench.compressors.memory import Residual
from rsbench.compressors.scores import Score
from rsbench.compressors.sweep import Candidates, Cutoff

SECOND = {"": loops.NO_SECOND, "var": loops.VAR, "std": loops.STD}
"""Second statistic of a score -> its number in the loops."""
_F = np.float32


def rule(residual: Residual) -> int:
    """What a memory does with a gradient, as a number of the loops."""
    if residual.u is None:
        return loops.ADD
    return loops.NESTEROV if residual.nesterov else loops.MOMENTUM


def sweep_compiled(
    residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, cutoff: Cutoff
) -> Candidates:
    """The pass by compiled loops (see :class:`~rsbench.compressors.sweep.Sweep`)."""
    v = residual.v.numpy()
    g = v if gradient is None else gradient.numpy()
    u = v if residual.u is None else residual.u.numpy()
    nothing = gradient is None or residual.v.data_ptr() == gradient.data_ptr()
    index, (score_, one, two) = np.empty(cutoff.capacity, np.int64), np.empty((3, cutoff.capacity), _F)
    state = np.zeros(loops.STATE)
    mode = loops.NOTHING if nothing else rule(residual)
    start: tuple[Any, ...] = (mode, False, _F(residual.momentum), g, g.view(np.int32), u, v)
    if layout.block == 1 and score.norm == "none" and not score.second:
        state[loops.THRESHOLD] = _below(cutoff.threshold / (cutoff.weights[0] or 1.0))
        loops.sweep_elements(*start, 0, index, one, one, state)
    else:
        state[loops.THRESHOLD] = _below(cutoff.threshold)
        weights = tuple(map(_F, cutoff.weights))
        rest = (score.first == "l2", SECOND[score.second], *weights, 0, index, score_, one, two, one, state)
        if layout.tile:
            loops.sweep_tiles(*start, layout.cols, layout.tile, *rest)
        else:
            loops.sweep_rows(*start, layout.block, *rest)
    kept = int(state[loops.KEPT])
    first, second = torch.from_numpy(one[:kept]), torch.from_numpy(two[:kept])
    return Candidates(
        torch.from_numpy(index[:kept]),
        (first, second if score.second else None),
        int(state[loops.FOUND]),
        float(state[loops.SQUARES]),
        float(state[loops.OTHERS]),
    )


def _below(threshold: float) -> float:
    """The next smaller float32: the loops let in what is above."""
    return float(np.nextafter(_F(threshold), _F(-np.inf)))


def try_out() -> None:
    """Compile all loops, or load them from numba's cache, by passes over tiny tensors (seconds at the first time)."""
    cutoff = Cutoff((1.0, 0.0), 0.5, 4)
    for layout in (elements((4, 4)), kernels((2, 2, 3, 3), 3), tiles((4, 4), 3)):
        v = torch.ones(layout.numel)
        found = sweep_compiled(Residual(v, v.clone(), 0.5), v.clone(), layout, Score(second="std", norm="l2"), cutoff)
        sweep_compiled(Residual(v), v, layout, Score(), cutoff)
        if found.found != layout.blocks:
            raise RuntimeError("compiled loops give wrong results")
