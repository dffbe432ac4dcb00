"""The pass of ``threshold_pass`` by the compiled loops of ``tensor_loops``.

An optional extra (``pip install 'rsbench[fast]'``), CPU and float32 only; importing this module without numba raises
ImportError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rsbench.compressors.blocks.layout import Layout, elements, kernel_slices, tiles
from rsbench.compressors.kernels import take_in, tensor_loops
from rsbench.compressors.kernels.candidate_loops import KEPT, OTHERS, REACHED, SQUARES, STATE, THRESHOLD
from rsbench.compressors.kernels.statistic_loops import NO_SECOND, STD, VAR
from rsbench.compressors.memory.error_feedback import Residual
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.threshold_pass import Candidates, Cutoff

SECOND = {"": NO_SECOND, "var": VAR, "std": STD}
"""Second statistic of a score -> its number in the loops."""
_F = np.float32


def rule(residual: Residual) -> int:
    """Return what a memory does with a gradient, as a number of the loops."""
    if residual.u is None:
        return take_in.ADD
    return take_in.NESTEROV if residual.nesterov else take_in.MOMENTUM


def compiled_threshold_pass(
    residual: Residual, gradient: torch.Tensor | None, layout: Layout, score: Score, cutoff: Cutoff
) -> Candidates:
    """Accumulate and collect by compiled loops."""
    v = residual.v.numpy()
    g = v if gradient is None else gradient.numpy()
    u = v if residual.u is None else residual.u.numpy()
    nothing = gradient is None or residual.v.data_ptr() == gradient.data_ptr()
    index, (score_, one, two) = np.empty(cutoff.capacity, np.int32), np.empty((3, cutoff.capacity), _F)
    state = np.zeros(STATE)
    mode = take_in.NOTHING if nothing else rule(residual)
    start: tuple[Any, ...] = (mode, False, _F(residual.momentum), g, u, v)
    if layout.block == 1 and score.norm == "none" and not score.second:
        state[THRESHOLD] = _below(cutoff.threshold / (cutoff.weights[0] or 1.0))
        tensor_loops.elements_pass(*start, 0, index, one, one, state)
    else:
        state[THRESHOLD] = _below(cutoff.threshold)
        weights = tuple(map(_F, cutoff.weights))
        rest = (score.first == "l2", SECOND[score.second], *weights, 0, index, score_, one, two, one, state)
        if layout.tile:
            tensor_loops.tiles_pass(*start, layout.cols, layout.tile, *rest)
        else:
            tensor_loops.rows_pass(*start, layout.block, *rest)
    kept = int(state[KEPT])
    first, second = torch.from_numpy(one[:kept]), torch.from_numpy(two[:kept])
    return Candidates(
        torch.from_numpy(index[:kept]).long(),
        (first, second if score.second else None),
        int(state[REACHED]),
        float(state[SQUARES]),
        float(state[OTHERS]),
    )


def _below(threshold: float) -> float:
    """Return the next smaller float32: the loops let in what is above."""
    return float(np.nextafter(_F(threshold), _F(-np.inf)))


def try_out() -> None:
    """Compile all loops, or load them from numba's cache, by passes over tiny tensors (seconds at the first time)."""
    cutoff = Cutoff((1.0, 0.0), 0.5, 4)
    for layout in (elements((4, 4)), kernel_slices((2, 2, 3, 3), 3), tiles((4, 4), 3)):
        v = torch.ones(layout.numel)
        candidates = compiled_threshold_pass(
            Residual(v, v.clone(), 0.5), v.clone(), layout, Score(second="std", norm="l2"), cutoff
        )
        compiled_threshold_pass(Residual(v), v, layout, Score(), cutoff)
        if candidates.reached != layout.blocks:
            raise RuntimeError("compiled loops give wrong results")
