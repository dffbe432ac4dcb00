"""Pictures of changes: both dates, the truth, what a network found of it, and how unsure it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsbench.datasets.changes.prepared import Changes
from rsbench.models.changes.base import UNKNOWN
from rsbench.tasks.maps import GAP, LINE, coloured_within, enlarged, page_of

MOST_PICTURES: Final = 6
MOST_SIDE: Final = 1024
"""Of what is shown of a picture, in its own pixels; of a larger one, the part around its most changed tile."""
CAPTION: Final = (
    "White: change that was found; blue: change that was missed; orange: change that is none; black: no change; grey: "
    "not marked or not tested"
)
_SIDE: Final = 256
"""Of one map on the page, in pixels."""
_HIT, _MISS, _FALSE, _NEITHER, _NOWHERE = (255, 255, 255), (0, 114, 178), (230, 159, 0), (0, 0, 0), (128, 128, 128)
_LEGEND: Final = {"found": _HIT, "missed": _MISS, "false alarm": _FALSE, "no change": _NEITHER, "unknown": _NOWHERE}
_PERCENTILES: Final = (2, 98)
"""Values between which a channel is spread where it is no byte, so that a few bright roofs do not darken the rest."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What is shown of one picture, put together from its tiles.

    Attributes:
        positions: of the tiles that it is made of, shape [t].
        places: top and left of each in the view, which may be negative, [t, 2].
        before_HWC: first date, three channels of the data's own type.
        after_HWC: second date.
        labels_HW: 0, 1, or 255 where nothing is known or tested.
        probability_HW: of change.
        unsure_HW: how unsure the network is, 0..1.
    """

    positions: NDArray[np.int64]
    places: NDArray[np.int64]
    before_HWC: NDArray[Any]
    after_HWC: NDArray[Any]
    labels_HW: NDArray[np.uint8]
    probability_HW: NDArray[np.float32]
    unsure_HW: NDArray[np.float32]

    def put(self, tile: int, **maps: NDArray[Any]) -> None:
        """Put what belongs to a tile into its place; what reaches beyond the view is cut off.

        Args:
            tile: number among the view's tiles.
            maps: attribute -> values of the whole tile [S, S, ...].
        """
        top, left = map(int, self.places[tile])
        for name, values in maps.items():
            whole = getattr(self, name)
            rows = slice(max(0, top), max(0, min(whole.shape[0], top + values.shape[0])))
            columns = slice(max(0, left), max(0, min(whole.shape[1], left + values.shape[1])))
            whole[rows, columns] = values[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]


def views_of(data: Changes, test: NDArray[np.int64]) -> list[View]:
    """Return at most six test pictures in their order, those whose shares of change are most spread.

    Args:
        data: prepared pairs.
        test: positions of the test tiles, at least one.
    """
    labels = data.labels()
    changed = np.array([int((labels[tile] == 1).sum()) for tile in test])
    pictures, owner = np.unique(data.picture_of()[test], return_inverse=True)
    shares = np.bincount(owner, weights=changed) / np.bincount(owner)
    by_share = np.argsort(shares, kind="stable")
    spread = np.linspace(0, len(pictures) - 1, min(MOST_PICTURES, len(pictures))).round().astype(int)
    return [_view(data, test[owner == one], changed[owner == one]) for one in np.sort(by_share[spread])]


def _view(data: Changes, tiles: NDArray[np.int64], changed: NDArray[np.int64]) -> View:
    """Return one picture, or of a large one the part around its most changed tile, without predictions yet."""
    shape = data.shapes()[data.picture_of()[tiles[0]]].astype(np.int64)
    places = data.places()[tiles].astype(np.int64)
    middle = places[changed.argmax()] + data.side // 2
    size = np.minimum(shape, MOST_SIDE)
    corner = np.clip(middle - size // 2, 0, shape - size)
    places = places - corner
    inside = ((places + data.side > 0) & (places < size)).all(axis=1)
    before, after, labels = data.before(), data.after(), data.labels()
    height, width = map(int, size)
    view = View(
        positions=tiles[inside],
        places=places[inside],
        before_HWC=np.zeros((height, width, 3), before.dtype),
        after_HWC=np.zeros((height, width, 3), before.dtype),
        labels_HW=np.full((height, width), UNKNOWN, np.uint8),
        probability_HW=np.zeros((height, width), np.float32),
        unsure_HW=np.zeros((height, width), np.float32),
    )
    for number, tile in enumerate(view.positions):
        dates = {"before_HWC": _three(before[tile]), "after_HWC": _three(after[tile])}
        view.put(number, **dates, labels_HW=labels[tile])
    return view


def draw(path: Path, views: Sequence[View], title: str, unsure_words: str) -> None:
    """Draw a line of five maps for each picture, and a legend.

    Args:
        path: of the PNG.
        views: with their predictions.
        title: above the maps.
        unsure_words: what the last map shows; it is light where the network is unsure, on one scale for all pictures.
    """
    rows = [_row(view, max(float(one.unsure_HW.max()) for one in views)) for view in views]
    heads = ("first date", "second date", "truth", "found", unsure_words)
    top = GAP + 3 * LINE
    heights = [max(picture.height for picture in row) for row in rows]
    width = GAP + len(heads) * (_SIDE + GAP)
    page, ink, write = page_of(width, top + sum(heights) + GAP * len(rows) + LINE + GAP)
    write(GAP, GAP // 2, title)
    for number, head in enumerate(heads):
        write(GAP + number * (_SIDE + GAP), top - LINE - 4, head)
    for row, height in zip(rows, heights, strict=True):
        for number, picture in enumerate(row):
            page.paste(picture, (GAP + number * (_SIDE + GAP), top))
        top += height + GAP
    for number, (name, colour) in enumerate(_LEGEND.items()):
        left = GAP + number * (_SIDE + GAP) // 2
        ink.rectangle((left, top + 3, left + 11, top + 14), fill=colour, outline=_NOWHERE)
        write(left + 17, top, name)
    page.save(path)


def _row(view: View, most_unsure: float) -> list[Image.Image]:
    """Return the five maps of a picture, each about as wide as a column."""
    is_change = view.labels_HW == 1
    truth = np.where(is_change[..., None], np.array(_HIT), np.array(_NEITHER))
    truth[view.labels_HW == UNKNOWN] = _NOWHERE
    maps = [_bytes(view.before_HWC), _bytes(view.after_HWC), truth.astype(np.uint8), found(view)]
    unsure = coloured_within(view.unsure_HW, 0.0, most_unsure)
    return [_fitted(picture) for picture in (*maps, unsure)]


def found(view: View) -> NDArray[np.uint8]:
    """Return the colours of what a network found of the truth, [H, W, 3]."""
    is_change, is_found = view.labels_HW == 1, view.probability_HW >= 0.5
    colours = np.empty((*is_change.shape, 3), np.uint8)
    colours[:] = _NEITHER
    colours[is_change & is_found] = _HIT
    colours[is_change & ~is_found] = _MISS
    colours[~is_change & is_found] = _FALSE
    colours[view.labels_HW == UNKNOWN] = _NOWHERE
    return colours


def _fitted(colours_HWC: NDArray[np.uint8]) -> Image.Image:
    """Return a picture that fits a column: enlarged by a whole factor, or made smaller."""
    height, width = colours_HWC.shape[:2]
    if max(height, width) <= _SIDE:
        return enlarged(colours_HWC, _SIDE // max(height, width))
    small = (max(1, round(width * _SIDE / max(height, width))), max(1, round(height * _SIDE / max(height, width))))
    return Image.fromarray(colours_HWC).resize(small, Image.Resampling.BOX)


def _three(tile_SSC: NDArray[Any]) -> NDArray[Any]:
    """Return the first three channels; the last one again where there are fewer."""
    channels = np.minimum(np.arange(3), tile_SSC.shape[2] - 1)
    return tile_SSC[:, :, channels]


def _bytes(picture_HWC: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a picture of bytes: as it is, or each channel spread between two percentiles."""
    if picture_HWC.dtype == np.uint8:
        return picture_HWC
    values = np.nan_to_num(picture_HWC.astype(np.float64))
    low, high = np.percentile(values, _PERCENTILES, axis=(0, 1))
    spread = (values - low) / np.maximum(high - low, 1e-12)
    in_bytes: NDArray[np.uint8] = (255 * spread.clip(0, 1)).round().astype(np.uint8)
    return in_bytes
