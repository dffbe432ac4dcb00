"""Classical detectors that need no training: CEM, ACE and RX, over scenes of any size in chunks.

Sums are kept in float64. Inverses are regularised with ``RIDGE`` of the mean variance on the diagonal, so that scenes
with fewer pixels than bands, or with constant bands, have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RIDGE = 1e-8
CHUNK = 16_384
"""Pixels at a time: 26 MB of float64 with 200 bands."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """First and second moments of a scene's pixels.

    Attributes:
        mean: shape [B].
        covariance: about the mean, divided by the number of pixels, shape [B, B].
    """

    mean: Vector
    covariance: NDArray[np.float64]

    @property
    def correlation(self) -> NDArray[np.float64]:
        """Mean of x x^T, shape [B, B]."""
        return self.covariance + np.outer(self.mean, self.mean)

    @property
    def std(self) -> Vector:
        """Standard deviation of each band, shape [B]."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))


def chunks(pixels_NB: NDArray[Any], size: int = CHUNK) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield pixels in order, a few at a time: where they stand, and themselves as float64 [n, B]."""
    for start in range(0, len(pixels_NB), size):
        part = slice(start, min(start + size, len(pixels_NB)))
        yield part, np.asarray(pixels_NB[part], dtype=np.float64)


def moments(pixels_NB: NDArray[Any], size: int = CHUNK) -> Moments:
    """Return mean and covariance, in one pass; not finite where values are too large to be squared.

    Args:
        pixels_NB: of any number type; a memory map is read once.
        size: pixels at a time.
    """
    bands = pixels_NB.shape[1]
    first, second = np.zeros(bands), np.zeros((bands, bands))
    with np.errstate(over="ignore", invalid="ignore"):
        origin = np.asarray(pixels_NB[:size], dtype=np.float64).mean(0)  # sums about it lose no digits
        for _, x in chunks(pixels_NB, size):
            z = x - origin
            first += z.sum(0)
            second += z.T @ z
        shift = first / len(pixels_NB)
        return Moments(mean=origin + shift, covariance=second / len(pixels_NB) - np.outer(shift, shift))


def ridge(matrix: NDArray[np.float64]) -> float:
    """Return what is added to the diagonal of a positive semidefinite matrix [B, B]; 1 for a matrix of zeros."""
    return float(RIDGE * np.trace(matrix) / len(matrix)) or 1.0


def inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert a positive semidefinite matrix [B, B], regularised."""
    from scipy.linalg import cho_factor, cho_solve  # late: start-up

    bands = len(matrix)
    solved: NDArray[np.float64] = cho_solve(cho_factor(matrix + ridge(matrix) * np.eye(bands)), np.eye(bands))
    return solved


def cem_filter(moments: Moments, target_B: Vector) -> Vector:
    """Return the filter of least output energy that answers the target with 1: constrained energy minimisation, CEM.

    ``w = R^-1 d / (d^T R^-1 d)`` with the correlation matrix R (J. C. Harsanyi, dissertation, UMBC 1993; W. H. Farrand
    and J. C. Harsanyi, Remote Sensing of Environment 59, 1997).

    Returns:
        w, shape [B]; a pixel's score is ``w^T x``.
    """
    towards = inverse(moments.correlation) @ target_B
    answer: Vector = towards / (target_B @ towards)
    return answer


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What the detectors say of each pixel, ``float32 [N]``, larger for targets."""

    cem: NDArray[np.float32]
    ace: NDArray[np.float32]
    rx: NDArray[np.float32]


def detect(pixels_NB: NDArray[Any], moments: Moments, target_B: Vector, size: int = CHUNK) -> Scores:
    """Score every pixel with CEM, ACE and RX, in one pass.

    ACE, the adaptive cosine estimator (S. Kraut and L. L. Scharf, IEEE Trans. Signal Processing 47(9), 1999), is the
    squared cosine between target s and pixel z, both less the mean, in the space whitened by the covariance K:
    ``(s^T K^-1 z)^2 / ((s^T K^-1 s) (z^T K^-1 z))``; here it keeps the sign of ``s^T K^-1 z``, since a target only
    adds.
    RX (I. S. Reed and X. Yu, IEEE Trans. ASSP 38(10), 1990) is ``z^T K^-1 z`` and knows no target.

    Args:
        pixels_NB: of any number type; a memory map is read once.
        moments: of the same pixels.
        target_B: spectrum of the target.
        size: pixels at a time.
    """
    whitening = inverse(moments.covariance)
    cem, ace, rx = (np.empty(len(pixels_NB), dtype=np.float32) for _ in range(3))
    w, s = cem_filter(moments, target_B), target_B - moments.mean
    towards = whitening @ s
    energy = s @ towards
    for part, x in chunks(pixels_NB, size):
        cem[part] = x @ w
        z = x - moments.mean
        along = z @ towards
        distance = np.einsum("nb,nb->n", z @ whitening, z)
        rx[part] = distance
        ace[part] = along * np.abs(along) / np.maximum(energy * distance, np.finfo(float).tiny)
    return Scores(cem=cem, ace=ace, rx=rx)
