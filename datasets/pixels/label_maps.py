"""Ground truth of a scene: the label map, and the official training and test pixels where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.io.matlab import MatArray, axes_to_HW, shape_text
from rsbench.errors import RsbenchError

LabelMap = NDArray[np.int16]
Indices = NDArray[np.int64]

_UNLABELLED = 255
"""What some maps of 8 bits give to pixels without a class."""


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """Labels of a scene.

    Attributes:
        labels_HW: class of each pixel from 1 upwards, 0 where it is not known.
        lists: flat positions (``row * W + column``, ascending) of "train" and "test"; None without an official split.
        note: where the lists come from, in words.
        warnings: sentences for the user.
    """

    labels_HW: LabelMap
    lists: Mapping[str, Indices] | None
    note: str = ""
    warnings: tuple[str, ...] = ()


def read_ground_truth(
    height: int, width: int, labels: MatArray | None, lists: Mapping[str, MatArray], classes: int | None
) -> GroundTruth:
    """Read the label map and the official lists.

    Args:
        height: of the scene, in pixels.
        width: of the scene, in pixels.
        labels: label map; None joins those of ``lists``.
        lists: "train" and "test", both or none: label maps, or lists of rows and columns.
        classes: how many there are; None where the map decides.

    Raises:
        RsbenchError: labels that are no whole numbers or too large, lists that do not fit the map.
    """
    size = height, width
    given = list(lists.values()) if labels is None else [labels, *(a for a in lists.values() if not _is_list(a, *size))]
    read = {array: _read_map(array, *size) for array in given}
    if labels is None:
        labels_HW: LabelMap = np.max([read[array][0] for array in lists.values()], axis=0)
        place = " and ".join(str(array.file) for array in lists.values())
    else:
        labels_HW, place = read[labels][0], str(labels.file)
    warnings = tuple(
        f"{array} holds {count:,} values that are no number (NaN): they are read as 0, unlabelled."
        for array, (_, count) in read.items()
        if count
    )
    highest = int(labels_HW.max())
    if classes is not None and highest > classes:
        raise RsbenchError(
            f"{place} has labels up to {highest}, but the data set has {classes} classes: put its own label map there."
        )
    if highest < 2:
        raise RsbenchError(f"{place} labels fewer than two classes: it is no label map (0 must mean unlabelled).")
    if classes is None and highest == _UNLABELLED and not (labels_HW == highest - 1).any():
        raise RsbenchError(
            f"{place} has a label {highest} and none of {highest - 1}: where that means unlabelled, write 0 instead."
        )
    if classes is None:
        warnings += _without_pixels(place, labels_HW)
    if not lists:
        return GroundTruth(labels_HW=labels_HW, lists=None, warnings=warnings)
    if all(array in read for array in lists.values()):
        chosen = {part: np.flatnonzero((read[array][0] > 0) & (labels_HW > 0)) for part, array in lists.items()}
        note = "label maps of training and test pixels"
    else:
        chosen, note = _from_index_lists(
            {part: array.read() for part, array in lists.items()}, labels_HW, lists["train"]
        )
    return GroundTruth(labels_HW=labels_HW, lists=chosen, note=note, warnings=warnings)


def _without_pixels(place: str, labels_HW: LabelMap) -> tuple[str, ...]:
    """Return a sentence on labels below the highest that no pixel has, none where all are there."""
    missing = sorted(set(range(1, int(labels_HW.max()))) - set(np.unique(labels_HW).tolist()))
    if not missing:
        return ()
    shown = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
    return (f"{place} labels no pixel with {shown}, but some with {int(labels_HW.max())}: those are empty classes.",)


def read_map(array: MatArray, height: int, width: int) -> LabelMap:
    """Read one label map ``[H, W]``; negative labels and NaN, which some give to unlabelled pixels, become 0.

    Raises:
        RsbenchError: it has another size, or values that are no whole numbers.
    """
    return _read_map(array, height, width)[0]


def _read_map(array: MatArray, height: int, width: int) -> tuple[LabelMap, int]:
    """Return one label map ``[H, W]``, and how many of its values are NaN; see :func:`read_map`."""
    axes = axes_to_HW(array.shape, height, width)
    if axes is None or len(axes) != 2:
        raise RsbenchError(
            f"The label map {array} does not fit the scene of {height} x {width} pixels: put the right files there."
        )
    given = np.transpose(array.read(), axes)
    unknown = np.isnan(given)
    values = np.where(unknown, 0, given)
    if not is_whole(values) or values.max() > np.iinfo(np.int16).max:
        raise RsbenchError(f"{array} is no label map: it holds values that are no whole numbers, or far too large.")
    return np.maximum(values, 0).astype(np.int16), int(np.count_nonzero(unknown))


def is_whole(values: NDArray[Any]) -> bool:
    """Tell whether all values are whole numbers."""
    return bool(np.isfinite(values).all()) and np.array_equal(values, np.floor(values))


def _is_list(array: MatArray, height: int, width: int) -> bool:
    """Tell whether an array lists rows and columns, or is at any rate no map of the scene's size."""
    return is_index_list(array.shape) and axes_to_HW(array.shape, height, width) is None


def is_index_list(shape: tuple[int, ...]) -> bool:
    """Tell whether an array can be a list of rows and columns."""
    return len(shape) == 2 and 2 in shape


def _from_index_lists(
    given: Mapping[str, NDArray[Any]], labels_HW: LabelMap, example: MatArray
) -> tuple[dict[str, Indices], str]:
    """Return flat positions from N x 2 lists.

    MATLAB counts from 1 and Python from 0, and releases do not say which they mean, nor whether the row or the column
    comes first. So that reading is taken under which most listed pixels are labelled, MATLAB's before others.

    Raises:
        RsbenchError: a list is none, or under no reading lies on labelled pixels.
    """
    pairs: dict[str, Indices] = {}
    for part, array in given.items():
        if not is_index_list(array.shape):
            raise RsbenchError(
                f"The {part} list beside {example} has the shape {shape_text(array.shape)}: it must be a label map of "
                f"the scene's size or a list of rows and columns, N x 2."
            )
        if not is_whole(array):
            raise RsbenchError(
                f"The {part} list beside {example} holds values that are no whole numbers: mend the list."
            )
        pairs[part] = np.asarray(array if array.shape[1] == 2 else array.T, dtype=np.int64)
    joined = np.concatenate(list(pairs.values()))
    readings = [(first, swapped) for swapped in (False, True) for first in (1, 0)]
    scores = [_labelled_share(joined, labels_HW, *reading) for reading in readings]
    best = int(np.argmax(scores))
    if scores[best] < 0.99:
        raise RsbenchError(
            f"Of the pixels in the index lists beside {example} only {scores[best]:.0%} are labelled, whichever way "
            "they are read: they belong to another label map; put the right files there."
        )
    first, swapped = readings[best]
    note = f"index lists of {'columns and rows' if swapped else 'rows and columns'}, counted from {first}"
    chosen = {part: _flat(array, labels_HW, first, swapped) for part, array in pairs.items()}
    return {part: flat[labels_HW.flat[flat] > 0] for part, flat in chosen.items()}, note


def _labelled_share(pairs: Indices, labels_HW: LabelMap, first: int, swapped: bool) -> float:
    """Return the share of the listed pixels that are labelled under one reading; 0 if any lies outside."""
    rows, columns = (pairs[:, ::-1] if swapped else pairs).T - first
    height, width = labels_HW.shape
    if rows.min() < 0 or columns.min() < 0 or rows.max() >= height or columns.max() >= width:
        return 0.0
    return float((labels_HW[rows, columns] > 0).mean())


def _flat(pairs: Indices, labels_HW: LabelMap, first: int, swapped: bool) -> Indices:
    """Return flat positions under one reading, ascending, each once."""
    rows, columns = (pairs[:, ::-1] if swapped else pairs).T - first
    return np.unique(rows * labels_HW.shape[1] + columns)
