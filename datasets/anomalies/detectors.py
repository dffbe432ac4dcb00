"""Classical anomaly detectors that need no training: RX, local RX, and what principal components leave over.

Sums are kept in float64; nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.anomalies.local_rx import local_rx
from rsbench.datasets.targets.detectors import Moments, chunks, inverse, moments
from rsbench.errors import RsbenchError

DETECTORS: Final = ("rx", "local_rx", "pca_residual")
COMPONENTS: Final = 10
"""Leading principal components that ``pca_residual`` takes for background, at most half of the bands; the same for all
scenes."""


OfRows = Callable[[range], NDArray[np.float64]]
"""Scores ``[rows * width]`` of some rows of pixels."""


def alone(height: int, of_rows: OfRows) -> NDArray[np.float64]:
    """Return the scores of all rows, computed here."""
    return of_rows(range(height))


def detect(
    pixels_NB: NDArray[Any],
    height: int,
    width: int,
    share_rows: Callable[[int, OfRows], NDArray[Any]] = alone,
) -> dict[str, NDArray[np.float32]]:
    """Score every pixel of a scene with each of :data:`DETECTORS`.

    Args:
        pixels_NB: a scene as it is or after its background was suppressed, row by row, of any number type; a memory map
            is read in chunks.
        height: rows of pixels.
        width: pixels in a row.
        share_rows: called with ``height`` and what scores some rows by local RX, the slowest detector by far; returns
            the scores of all rows, which other ranks may have computed.

    Returns:
        Detector -> ``float32 [N]``, larger for anomalies.

    Raises:
        RsbenchError: values are no number, or too large to be squared, as float64 or in the scores.
    """
    of_all = moments(pixels_NB)
    _refuse_infinite(of_all.covariance)
    scores = {
        "rx": rx(pixels_NB, of_all),
        "local_rx": share_rows(height, lambda rows: local_rx(pixels_NB, of_all, height, width, rows)),
        "pca_residual": pca_residual(pixels_NB, of_all),
    }
    with np.errstate(over="ignore"):  # refused below
        found = {name: of_each.astype(np.float32, copy=False) for name, of_each in scores.items()}
    _refuse_infinite(*found.values())
    return found


def _refuse_infinite(*arrays: NDArray[Any]) -> None:
    """Refuse a scene whose covariance or scores are not finite.

    Raises:
        RsbenchError: says so.
    """
    if not all(np.isfinite(array).all() for array in arrays):
        raise RsbenchError("The scene holds values that are no number or too large to be squared: none can score it.")


def rx(pixels_NB: NDArray[Any], moments: Moments) -> NDArray[np.float64]:
    """Return the squared Mahalanobis distance of every pixel to the scene's mean, ``float64 [N]``.

    I. S. Reed and X. Yu, IEEE Trans. ASSP 38(10), 1990. An invertible affine map of all spectra changes no score.

    Args:
        pixels_NB: of any number type.
        moments: of the same pixels.
    """
    whitening = inverse(moments.covariance)
    scores = np.empty(len(pixels_NB))
    for part, x in chunks(pixels_NB):
        z = x - moments.mean
        scores[part] = np.einsum("nb,nb->n", z @ whitening, z)
    return scores


def pca_residual(pixels_NB: NDArray[Any], moments: Moments, components: int = COMPONENTS) -> NDArray[np.float64]:
    """Return the squared length of what the leading principal components leave of every pixel, ``float64 [N]``.

    The statistic Q of J. E. Jackson and G. S. Mudholkar, Technometrics 21(3), 1979: ``|z - V V^T z|^2`` with z less the
    mean. RX divides each direction by its own variance, so that it cannot tell a direction of large variance from one
    of small variance. Q counts energy in the units of the spectra: it changes when bands are scaled or mixed, and so
    when a network lessens the background by an affine map, which RX cannot see.

    Args:
        pixels_NB: of any number type.
        moments: of the same pixels.
        components: taken for background, at most half of the bands.
    """
    bands = len(moments.mean)
    vectors_BK = np.linalg.eigh(moments.covariance)[1][:, bands - min(components, bands // 2) :]
    scores = np.empty(len(pixels_NB))
    for part, x in chunks(pixels_NB):
        z = x - moments.mean
        left = z - (z @ vectors_BK) @ vectors_BK.T
        scores[part] = np.einsum("nb,nb->n", left, left)
    return scores
