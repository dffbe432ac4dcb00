"""Top-k, DGC and RS-DGC written from their formulas in plain NumPy, one tensor, one rank. Slow and plain on purpose."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def groups(shape: tuple[int, ...], p: int) -> list[NDArray[np.int64]]:
    """Flat positions of each neighbourhood: k x k kernel slices, or p x p tiles of [O, rest]."""
    place = np.arange(math.prod(shape))
    if len(shape) == 4 and shape[2] * shape[3] > 1:
        return list(place.reshape(-1, shape[2] * shape[3]))
    matrix = place.reshape(shape[0], -1)
    rows, cols = matrix.shape
    return [matrix[r : r + p, c : c + p].ravel() for r in range(0, rows, p) for c in range(0, cols, p)]


def nsi(v: Array, blocks: list[NDArray[np.int64]], alpha: float) -> NDArray[np.float64]:
    """alpha m / ||m|| + (1 - alpha) s / ||s||, m the mean of |v|, s the population standard deviation of v."""
    m = np.array([np.abs(v[b]).mean(dtype=np.float64) for b in blocks])
    s = np.array([v[b].astype(np.float64).std() for b in blocks])
    return alpha * m / (np.linalg.norm(m) + 1e-12) + (1 - alpha) * s / (np.linalg.norm(s) + 1e-12)


def least_replaceable(gradient: Array, rho: float) -> NDArray[np.bool_]:
    """GCC (our reading): what is kept of a tensor of at least two dimensions, all but floor(rho J); ties: the first."""
    g = gradient.astype(np.float64)
    if g.ndim > 2:
        rows = g.reshape(len(g), -1)
        score = np.array([sum(np.linalg.norm(a - b) for b in rows) for a in rows])
    else:
        score = np.abs(g - g.mean()).ravel()
    kept = np.zeros(score.size, bool)
    kept[np.argsort(-score, kind="stable")[: score.size - math.floor(rho * score.size)]] = True
    if g.ndim > 2:
        return np.broadcast_to(kept.reshape(-1, *[1] * (g.ndim - 1)), g.shape)
    return kept.reshape(g.shape)


class Reference:
    """One tensor's memory and its step.

    Args:
        shape: of the tensor.
        method: ``topk``, ``dgc`` or ``rsdgc``.
        momentum: m.
        nesterov: look ahead.
    """

    def __init__(self, shape: tuple[int, ...], method: str, momentum: float, nesterov: bool) -> None:
        self.u, self.v = np.zeros(math.prod(shape), np.float32), np.zeros(math.prod(shape), np.float32)
        self.method, self.momentum, self.nesterov = method, np.float32(momentum), nesterov
        self.blocks = groups(shape, 3) if method == "rsdgc" else [np.array([i]) for i in range(self.v.size)]

    def step(self, gradient: Array, density: float) -> Array:
        """Take a flat gradient in; return what is sent, zeros elsewhere."""
        if self.method == "topk":
            self.v += gradient
        elif self.nesterov:
            self.u = self.momentum * (self.u + gradient)
            self.v += self.u + gradient
        else:
            self.u = self.momentum * self.u + gradient
            self.v += self.u
        score = nsi(self.v, self.blocks, 0.8) if self.method == "rsdgc" else np.abs(self.v)
        k = max(1, math.ceil(density * len(self.blocks) - 1e-9))
        chosen = np.concatenate([self.blocks[j] for j in np.argsort(-score, kind="stable")[:k]])
        sent = np.zeros_like(self.v)
        sent[chosen] = self.v[chosen]
        self.v[chosen] = 0
        self.u[chosen] = 0
        return sent
