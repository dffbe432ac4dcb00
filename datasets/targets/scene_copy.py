"""A scene written as an array that workers map, and what that one pass over it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench import roc
from rsbench.datasets.base import Progress
from rsbench.datasets.fill_values import Extremes, FillValue
from rsbench.datasets.io.prepared_folder import new_array
from rsbench.datasets.targets import detectors
from rsbench.datasets.targets.scene_source import SceneSource
from rsbench.errors import RsbenchError

MISSING = "if it stands for missing data, cut those bands or pixels out, or fill them."


def copy_scene(path: Path, source: SceneSource, progress: Progress | None) -> tuple[FillValue, ...]:
    """Write the scene as ``[H, W, B]`` in its own dtype, block by block; return what stands for missing data.

    Raises:
        RsbenchError: a value is no number.
    """
    done, extremes = 0, Extremes()
    with new_array(path, source.dtype, (source.height, source.width, source.bands)) as file:
        for rows in source.blocks():
            bad = rows.size - int(np.isfinite(rows).sum())
            if bad:
                raise RsbenchError(
                    f"{source.where} holds {bad:,} values that are no number in rows {done} to {done + len(rows) - 1}: "
                    "cut those bands or pixels out, or fill them."
                )
            file.write(np.ascontiguousarray(rows, dtype=source.dtype).data)
            extremes.add(rows.reshape(-1, source.bands))
            done += len(rows)
            if progress is not None:
                progress(done, source.height)
    return extremes.fill_values()


def fill_sentences(source: SceneSource, fills: tuple[FillValue, ...]) -> tuple[str, ...]:
    """Return what is to be said of values that stand for missing data."""
    return tuple(f"{source.where}: {fill}; {MISSING}" for fill in fills)


def moments_of(pixels_NB: NDArray[Any], source: SceneSource, fills: tuple[FillValue, ...]) -> detectors.Moments:
    """Return mean and covariance of the pixels that were copied.

    Raises:
        RsbenchError: values are too large to be squared.
    """
    moments = detectors.moments(pixels_NB)
    if not np.isfinite(moments.covariance).all():
        named = "; ".join(map(str, fills)) or "no detector can square them"
        raise RsbenchError(f"{source.where} holds values too large for any sensor: {named}; {MISSING}")
    return moments


def areas(scores_HW: NDArray[np.float32], truth_HW: NDArray[np.uint8], halo: int) -> dict[str, float]:
    """Return the areas under a detector's curves."""
    found = roc.scores(*roc.sides(scores_HW, truth_HW, halo))
    return {name: value for name, value in found.items() if name != "roc"}
