"""One scene of two dates in ENVI files, with pictures of what changed and of what did not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import papers
from rsbench.datasets.base import not_found
from rsbench.datasets.changes.dataset import ChangeDataset
from rsbench.datasets.changes.declared import Release
from rsbench.datasets.changes.picture_source import label, picture
from rsbench.datasets.changes.source import BrokenPair, ChangeSource, Pair, Views, require_side, stamped
from rsbench.datasets.changes.tile_split import Origins
from rsbench.datasets.changes.tiles import UNKNOWN, Tiles, cut
from rsbench.datasets.io.envi import EnviError, EnviRaster, open_envi
from rsbench.errors import RsbenchError

CHANGED, UNCHANGED = "change.bmp", "unchanged.bmp"
BLOCK = 2
"""Tiles along a side of a block; blocks, not tiles, are dealt to parts."""


@dataclass(frozen=True, kw_only=True)
class SceneSource(ChangeSource):
    """A scene of two dates.

    Attributes:
        before: the earlier date.
        after: the later date.
        labels: ``uint8 [H, W]``: 0 no change, 1 change, 255 not marked.
    """

    before: EnviRaster
    after: EnviRaster
    labels: NDArray[np.uint8] = field(compare=False, repr=False)

    def read(self, pair: Pair) -> Views:
        """Read both dates, in one type."""
        try:
            dates = [raster.read().astype(self.dtype, copy=False) for raster in (self.before, self.after)]
        except EnviError as error:
            raise BrokenPair(str(error)) from error
        for raster, pixels in zip((self.before, self.after), dates, strict=True):
            bad = pixels.size - int(np.isfinite(pixels).sum())
            if bad:
                raise BrokenPair(f"{raster.data} holds {bad:,} values that are no number: fill them.")
        return Views(dates[0], dates[1], self.labels)

    def cut(self, side: int) -> tuple[Tiles, Origins]:
        """Return the tiles that hold marked pixels, and the blocks that they lie in.

        Raises:
            RsbenchError: the side is too small or too large.
        """
        require_side(side, self.largest_side)
        return cut_scene(self.labels, side)


class LandsatChange(ChangeDataset):
    """A Landsat scene of two dates, such as that of Taizhou with six bands of 400 x 400 pixels."""

    name = "landsat-change"
    title = "Landsat scene of two dates"
    licence = "public domain (Landsat, USGS); marks as their authors say"
    homepage = "https://github.com/ChenHongruixuan/ChangeDetectionRepository"
    citation = (
        "C. Wu, B. Du, L. Zhang: Slow feature analysis for change detection in multispectral imagery. IEEE TGRS 52, "
        "2014."
    )
    references = (papers.LANDSAT_CHANGE,)
    image_size = 16
    epochs = 60
    batch_size = 16
    layout = (
        "DATA_ROOT/Landsat-CD/Taizhou/ (or DATA_ROOT itself) with two ENVI headers (<earlier>.HDR, <later>.HDR, in the "
        "order of their names), each beside its file of numbers, and the pictures change.bmp and unchanged.bmp, white "
        "where pixels are marked."
    )
    releases = (
        Release(train=0, val=0, test=1, height=400, width=400, marked=0.58),
    )  # Taizhou; all parts are its blocks
    channels = 6
    folders = ("landsat-change", ".", "Landsat-CD/Taizhou", "Landsat/Taizhou", "Taizhou")

    def locate(self, data_root: Path) -> SceneSource:
        """Find the scene below ``data_root`` and read its marks."""
        places = [data_root / folder for folder in self.folders]
        for place in places:
            headers = _headers(place)
            enough = len(headers) == 2 if place == data_root else bool(headers)
            if enough or any((place / file).exists() for file in (CHANGED, UNCHANGED)):
                return _open(place, headers)
        raise not_found(self, data_root, places)


def _headers(folder: Path) -> list[Path]:
    """Return the ENVI headers of a folder by name."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".hdr" and not path.name.startswith("."))


def _open(where: Path, headers: list[Path]) -> SceneSource:
    """Return the scene of a folder.

    Raises:
        RsbenchError: a date or a picture of marks is missing, or they do not go together.
    """
    if len(headers) != 2:
        raise RsbenchError(
            f"{where} holds {len(headers)} ENVI headers, a scene has two, one for each date: add or remove some."
        )
    try:
        before, after = map(open_envi, headers)
        labels_HW = _labels(where, (before.height, before.width))
    except (EnviError, BrokenPair) as error:
        raise RsbenchError(str(error)) from error
    if (before.height, before.width, before.bands) != (after.height, after.width, after.bands):
        raise RsbenchError(
            f"{before.data} has {_size(before)}, but {after.data} has {_size(after)}: both dates must have one size."
        )
    files = [before.header, before.data, after.header, after.data, where / CHANGED, where / UNCHANGED]
    size_bytes, stamp = stamped(files)
    pair = Pair(
        name=f"{before.data.name} {after.data.name}",
        origin=0,
        height=before.height,
        width=before.width,
        size_bytes=size_bytes,
        stamp=stamp,
    )
    return SceneSource(
        where=where,
        pairs=(pair,),
        origins=Origins(parts=("",), strata=(0,)),
        channels=before.bands,
        dtype=np.promote_types(before.dtype, after.dtype).newbyteorder("=").name,
        before=before,
        after=after,
        labels=labels_HW,
    )


def _labels(where: Path, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the marks of a scene, ``uint8 [H, W]``.

    Raises:
        BrokenPair: a picture of marks is missing, of another size or empty, or both mark one pixel.
    """
    labels_HW = np.full(shape, UNKNOWN, dtype=np.uint8)
    for file, value, marked in ((UNCHANGED, 0, "did not change"), (CHANGED, 1, "changed")):
        if not (where / file).exists():
            raise BrokenPair(f"{where} lacks {file}: add it, white where pixels {marked}.")
        marks_HW = picture(where / file, label) > 0
        if marks_HW.shape != shape:
            raise BrokenPair(
                f"{where / file} has {marks_HW.shape[0]:,} x {marks_HW.shape[1]:,} pixels, but the scene has "
                f"{shape[0]:,} x {shape[1]:,}: they must have one size."
            )
        if not marks_HW.any():
            raise BrokenPair(f"{where / file} marks no pixel: nothing could be learnt from it.")
        twice = int(np.count_nonzero(marks_HW & (labels_HW != UNKNOWN)))
        if twice:
            raise BrokenPair(f"{where / CHANGED} and {where / UNCHANGED} both mark {twice:,} pixels: mark each once.")
        labels_HW[marks_HW] = value
    return labels_HW


def _size(raster: EnviRaster) -> str:
    """Return ``400 x 400 pixels and 6 bands``."""
    return f"{raster.height:,} x {raster.width:,} pixels and {raster.bands:,} bands"


def cut_scene(labels_HW: NDArray[np.uint8], side: int) -> tuple[Tiles, Origins]:
    """Cut a scene into tiles that hold marked pixels, and the blocks that they lie in.

    Args:
        labels_HW: 0 no change, 1 change, 255 not marked.
        side: of a tile in pixels.

    Returns:
        The tiles with their counts, and one origin a block; blocks with and without change are dealt apart, so that
        every part gets some of both.
    """
    height, width = labels_HW.shape
    every = cut([(height, width)], [0], side)
    squares = [labels_HW[top : top + side, left : left + side] for top, left in every.places.tolist()]
    counts = np.array([[np.count_nonzero(square == label) for label in (0, 1)] for square in squares], dtype=np.int64)
    kept = np.flatnonzero(counts.sum(axis=1))
    rows, columns = (every.places[kept] // (BLOCK * side)).T
    across = -(-width // (BLOCK * side))
    blocks, origin = np.unique(rows * across + columns, return_inverse=True)
    changed = np.bincount(origin, counts[kept, 1], minlength=len(blocks)) > 0
    tiles = replace(
        every,
        picture=every.picture[kept],
        origin=origin.astype(np.int32),
        places=every.places[kept],
        counts=counts[kept],
    )
    return tiles, Origins(parts=("",) * len(blocks), strata=tuple(changed.astype(int).tolist()), noun="block")
