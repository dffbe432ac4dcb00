"""Local RX: each pixel against the ring of pixels around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.targets.detectors import Moments, ridge

OUTER: Final = 25
"""Side of the outer window in pixels. The ring then has 504 pixels or more: about twice as many as 250 bands."""
INNER: Final = 11
"""Side of the inner window in pixels: what belongs to an anomaly is kept out of its own background."""

Numbers = NDArray[np.float64]


def local_rx(pixels_NB: NDArray[Any], moments: Moments, height: int, width: int, rows: range | None = None) -> Numbers:
    """Score every pixel, or those of some rows, against the mean and the covariance of its ring: RX with a dual window.

    ``(x - m)^T K^-1 (x - m)`` (I. S. Reed and X. Yu, IEEE Trans. ASSP 38(10), 1990; the dual window as in H. Kwon,
    S. Z. Der and N. M. Nasrabadi, Optical Engineering 42(11), 2003). The ring is a square of ``OUTER`` pixels without
    a square of ``INNER`` pixels about the scored one. At the scene's edge the outer square is moved inwards and the
    inner one is cut. In a scene smaller than ``OUTER``, the squares are as large as the scene and half of it.

    The sizes follow from the rule that an estimate of a covariance wants twice as many samples as bands (I. S. Reed,
    J. D. Mallett and L. E. Brennan, IEEE Trans. AES 10(6), 1974), not from marks. The covariance is regularised by the
    same number on its diagonal as that of the whole scene, so that a ring of equal pixels has an inverse.

    The sums of a ring follow from those of its neighbour: a pixel costs about ``2 (OUTER + INNER) B^2`` operations for
    the sums and ``B^3 / 3`` to factorise. The whole holds ``OUTER`` rows as float64.

    Args:
        pixels_NB: row by row, of any number type.
        moments: of the same pixels.
        height: rows of pixels.
        width: pixels in a row.
        rows: to be scored, each for itself, so that it does not matter which are scored together; None for all.

    Returns:
        ``float64 [rows * width]``, larger for anomalies.
    """
    pixels_HWB, scene_ridge = pixels_NB.reshape(height, width, -1), ridge(moments.covariance)
    columns = [(_moved(column, width, OUTER), _cut(column, width, INNER)) for column in range(width)]
    rows = range(height) if rows is None else rows
    scores = np.empty((len(rows), width))
    for place, row in enumerate(rows):
        outer, inner = _moved(row, height, OUTER), _cut(row, height, INNER)
        rows_RWB = np.asarray(pixels_HWB[outer], dtype=np.float64) - moments.mean  # sums about it lose no digits
        inner = slice(inner.start - outer.start, inner.stop - outer.start)
        x_WB = rows_RWB[row - outer.start]
        for column, ring in enumerate(_rings(rows_RWB, inner, columns)):
            scores[place, column] = ring.distance(x_WB[column], scene_ridge)
    return scores.ravel()


@dataclass
class _Ring:
    """Sums over a ring's pixels, which change as pixels enter and leave."""

    bands: int
    count: int = 0
    first_B: Numbers = field(init=False)
    second_BB: Numbers = field(init=False)

    def __post_init__(self) -> None:
        self.first_B, self.second_BB = np.zeros(self.bands), np.zeros((self.bands, self.bands))

    def change(self, entering: list[Numbers], leaving: list[Numbers]) -> None:
        """Let blocks of pixels ``[n, m, B]`` enter and leave."""
        blocks = [(sign, block.reshape(-1, self.bands)) for sign, of in ((1, entering), (-1, leaving)) for block in of]
        signs = np.concatenate([np.full(len(block), sign) for sign, block in blocks])
        if not len(signs):
            return
        x = np.concatenate([block for _, block in blocks])
        signed = x * signs[:, None]
        self.count += int(signs.sum())
        self.first_B += signed.sum(0)
        self.second_BB += signed.T @ x

    def distance(self, x_B: Numbers, ridge: float) -> float:
        """Return the squared Mahalanobis distance of a pixel, NaN where the covariance has no factor.

        ``ridge`` is added to the covariance's diagonal.
        """
        from scipy.linalg.lapack import dpotrf, dtrtrs  # late: start-up

        mean_B = self.first_B / self.count
        covariance = self.second_BB / self.count
        covariance -= np.outer(mean_B, mean_B)
        covariance[np.diag_indices(self.bands)] += ridge
        factor, failed = dpotrf(covariance.T, lower=0, clean=0, overwrite_a=1)
        white_B, singular = dtrtrs(factor, x_B - mean_B, lower=0, trans=1)
        return math.nan if failed or singular else float(white_B @ white_B)


def _rings(rows_RWB: Numbers, inner: slice, columns: list[tuple[slice, slice]]) -> Iterator[_Ring]:
    """Yield the ring of each pixel in a row, the same object each time."""
    ring = _Ring(rows_RWB.shape[2])
    nothing = slice(0, 0)
    was_outer, was_inner = nothing, nothing
    for out, within in columns:
        came, went = _difference(out, was_outer), _difference(was_outer, out)
        covered, uncovered = _difference(within, was_inner), _difference(was_inner, within)
        ring.change(
            [*(rows_RWB[:, one] for one in came), *(rows_RWB[inner, one] for one in uncovered)],
            [*(rows_RWB[:, one] for one in went), *(rows_RWB[inner, one] for one in covered)],
        )
        was_outer, was_inner = out, within
        yield ring


def _difference(new: slice, old: slice) -> list[slice]:
    """Return what a range has that an earlier one, which began and ended no later or not at all, has not."""
    parts = (slice(new.start, min(new.stop, old.start)), slice(max(new.start, old.stop), new.stop))
    return [part for part in parts if part.start < part.stop]


def _moved(place: int, length: int, side: int) -> slice:
    """Return the ``side`` places around one, moved inwards at the edges; all places where there are fewer."""
    side = min(side, length)
    start = min(max(place - side // 2, 0), length - side)
    return slice(start, start + side)


def _cut(place: int, length: int, side: int) -> slice:
    """Return the ``side`` places around one, cut at the edges; fewer in short lines, so that a ring is left."""
    half = min(side, max(min(OUTER, length) // 2, 1)) // 2
    return slice(max(place - half, 0), min(place + half + 1, length))
