"""Pairs of pictures cut into tiles once, ready for many workers to share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.changes.source import BrokenPair, ChangeSource, ChangeSurvey, Pair, Views
from rsbench.datasets.changes.tile_split import Origins, split_tiles
from rsbench.datasets.changes.tiles import UNKNOWN, Tiles, taken
from rsbench.datasets.io.prepared_folder import PreparedFolder, new_array
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError

BEFORE, AFTER, LABELS, PLACES, SHAPES, NAMES = (
    "before.npy",
    "after.npy",
    "labels.npy",
    "places.npy",
    "shapes.npy",
    "names.txt",
)
SUMS, COUNTS = "sums.npy", "counts.npy"
_BATCH = 16
"""Pairs that may wait in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Changes(PreparedFolder):
    """Tiles of pictures of two dates; the arrays stay on disk until they are asked for.

    Attributes:
        part: words for an incomplete release, else None.
        warnings: sentences for the user.
        channels: of each date.
        side: of a tile in pixels.
        tiles: number of tiles.
        pictures: number of pictures that the tiles were cut from.
        origins: whole pictures, or blocks of one scene, that share a part.
    """

    METADATA = "changes.json"
    SCHEMA = 1
    class_names: ClassVar[tuple[str, str]] = ("no change", "change")
    name: str
    title: str
    fingerprint: str
    part: str | None
    synthetic: bool
    warnings: tuple[str, ...]
    channels: int
    side: int
    tiles: int
    pictures: int
    origins: Origins

    def __len__(self) -> int:
        """Return the number of tiles."""
        return self.tiles

    def before(self) -> NDArray[Any]:
        """Return the earlier date, ``[T, S, S, C]`` in its own dtype, as a read-only memory map."""
        return self.map_array(BEFORE)

    def after(self) -> NDArray[Any]:
        """Return the later date, ``[T, S, S, C]`` in its own dtype, as a read-only memory map."""
        return self.map_array(AFTER)

    def labels(self) -> NDArray[np.uint8]:
        """Return ``uint8 [T, S, S]`` as a read-only memory map: 0 no change, 1 change, 255 unknown or padding."""
        return self.map_array(LABELS)

    def picture_of(self) -> NDArray[np.int32]:
        """Return the picture of each tile, ``int32 [T]``: a row of :meth:`shapes` and :meth:`names`."""
        return np.ascontiguousarray(self._places()[:, 0])

    def places(self) -> NDArray[np.int32]:
        """Return top and left of each tile in its picture, in pixels, ``int32 [T, 2]``."""
        return np.ascontiguousarray(self._places()[:, 2:])

    def shapes(self) -> NDArray[np.int32]:
        """Return height and width of each picture in pixels, ``int32 [pictures, 2]``."""
        shapes: NDArray[np.int32] = np.load(self.folder / SHAPES)
        return shapes

    def names(self) -> list[str]:
        """Return the pictures' names in order."""
        return [json.loads(line) for line in (self.folder / NAMES).read_text(encoding="ascii").splitlines()]

    def counts(self) -> NDArray[np.int64]:
        """Return unchanged and changed pixels of each tile, ``int64 [T, 2]``."""
        counts: NDArray[np.int64] = np.load(self.folder / COUNTS)
        return counts

    def channel_mean_std(self, train: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of each channel over both dates, ``[C]`` each, in the arrays' own unit.

        Args:
            train: positions of the tiles that train, shape [n]; padding does not count.
        """
        values, squares = np.load(self.folder / SUMS)[train].sum(axis=0)
        pixels = 2 * int(self._inside(train).sum())
        mean = values / pixels
        return mean, np.sqrt(np.maximum(squares / pixels - mean**2, 0))

    def class_weights(self, train: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weights of no change and change, ``[2]``: the inverse of each class's share of the marked pixels.

        They are scaled so that their mean over those pixels is 1; both classes then weigh one half together.

        Args:
            train: positions of the tiles that train, shape [n]; :meth:`split` refuses a training part without both.
        """
        pixels = self.counts()[train].sum(axis=0)
        weights: NDArray[np.float64] = pixels.sum() / (2 * pixels)
        return weights

    def split(self, split: str, seed: int) -> Split:
        """Return the tiles that train, validate and test: whole pictures, or blocks of one scene.

        Args:
            split: as :func:`rsbench.datasets.changes.tile_split.split_tiles` takes it.
            seed: of the repeat.

        Raises:
            RsbenchError: the text is not understood, or a part is empty or lacks a class.
        """
        rows = self._places()
        tiles = Tiles(side=self.side, picture=rows[:, 0], origin=rows[:, 1], places=rows[:, 2:], counts=self.counts())
        return split_tiles(tiles, self.origins, split, seed)

    def _places(self) -> NDArray[np.int32]:
        """Return picture, origin, top and left of each tile, ``[T, 4]``."""
        rows: NDArray[np.int32] = np.load(self.folder / PLACES)
        return rows

    def _inside(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many pixels of some tiles lie in their picture, ``[n]``."""
        rows = self._places()[positions].astype(np.int64)
        left_over = self.shapes()[rows[:, 0]] - rows[:, 2:]
        inside: NDArray[np.int64] = np.minimum(left_over, self.side).prod(axis=1)
        return inside

    @classmethod
    def _from_json(cls, folder: Path, values: dict[str, Any]) -> Self:
        """Build an object from what the JSON file holds."""
        return super()._from_json(folder, {**values, "origins": Origins(**values["origins"])})


def prepare(
    dataset: Dataset, survey: ChangeSurvey, cache_root: Path, *, data_root: Path, progress: Progress | None
) -> Changes:
    """Return the tiles of some pairs below ``cache_root``, cutting them first where there are none.

    Args:
        dataset: its facts.
        survey: the pairs, and the side of the tiles.
        cache_root: folder for prepared copies.
        data_root: for sentences.
        progress: called with (pairs done, pairs in all).

    Raises:
        RsbenchError: broken pairs, too small a side, a cache folder that cannot be written or is full.
    """
    source, side = survey.source, survey.side
    tiles, origins = source.cut(side)
    folder = cache_root / f"{dataset.name}-{side}-{survey.fingerprint}"
    remedy = f'"rsbench data check {dataset.name} --data-root {data_root}" lists all such files.'

    def write(temporary: Path) -> Changes:
        _write_tiles(temporary, source, tiles, remedy, progress)
        columns = (tiles.picture, tiles.origin, *tiles.places.T)
        np.save(temporary / PLACES, np.stack(columns, axis=1).astype(np.int32))
        np.save(temporary / SHAPES, np.array([(pair.height, pair.width) for pair in source.pairs], dtype=np.int32))
        names = "".join(f"{json.dumps(pair.name)}\n" for pair in source.pairs)  # JSON: they may be no UTF-8
        (temporary / NAMES).write_text(names, encoding="ascii")
        return Changes(
            name=dataset.name,
            title=dataset.title,
            folder=folder,
            fingerprint=survey.fingerprint,
            stamp=source.stamp(),
            part=survey.part,
            synthetic=dataset.synthetic,
            warnings=survey.warnings,
            channels=source.channels,
            side=side,
            tiles=len(tiles),
            pictures=len(source.pairs),
            origins=origins,
        )

    return Changes.reuse_or_write(folder, dataset.name, source.stamp(), write)


def _write_tiles(folder: Path, source: ChangeSource, tiles: Tiles, remedy: str, progress: Progress | None) -> None:
    """Write both dates and the labels of every tile, in order, with a few threads.

    Raises:
        RsbenchError: a pair is broken; it ends with ``remedy``.
    """
    shape = (len(tiles), tiles.side, tiles.side)
    kinds = ((source.dtype, None), (source.dtype, None), ("uint8", UNKNOWN))
    sums, counts = np.zeros((len(tiles), 2, source.channels)), np.zeros((len(tiles), 2), dtype=np.int64)
    with ExitStack() as stack:
        files: list[BinaryIO] = [
            stack.enter_context(new_array(folder / name, dtype, size))
            for name, dtype, size in (
                (BEFORE, source.dtype, (*shape, source.channels)),
                (AFTER, source.dtype, (*shape, source.channels)),
                (LABELS, "uint8", shape),
            )
        ]
        at = 0
        for views, places in _read_all(source, tiles, remedy, progress):
            for top, left in places.tolist():
                for file, picture, (dtype, fill) in zip(files, views, kinds, strict=True):
                    tile = taken(picture, top, left, tiles.side, fill).astype(
                        dtype, order="C", casting="safe", copy=False
                    )
                    file.write(tile.data)
                inside = slice(top, top + tiles.side), slice(left, left + tiles.side)
                sums[at] = _sums(views.before[inside]) + _sums(views.after[inside])
                counts[at] = [np.count_nonzero(views.labels[inside] == label) for label in (0, 1)]
                at += 1
    np.save(folder / SUMS, sums)
    np.save(folder / COUNTS, counts)


def _read_all(
    source: ChangeSource, tiles: Tiles, remedy: str, progress: Progress | None
) -> Iterator[tuple[Views, NDArray[np.int32]]]:
    """Yield each pair with the places of its tiles.

    Raises:
        RsbenchError: a pair is broken.
    """

    def read(pair: Pair) -> Views:
        try:
            return source.read(pair)
        except BrokenPair as error:
            raise RsbenchError(f"{error} {remedy}") from error

    ends = np.cumsum(np.bincount(tiles.picture, minlength=len(source.pairs)))
    places = np.split(tiles.places, ends[:-1])
    with ThreadPoolExecutor(source.threads) as pool:
        for start in range(0, len(source.pairs), _BATCH):
            batch = slice(start, start + _BATCH)
            yield from zip(pool.map(read, source.pairs[batch]), places[batch], strict=True)
            if progress is not None:
                progress(min(start + _BATCH, len(source.pairs)), len(source.pairs))


def _sums(pixels_HWC: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sums of each channel and of its squares, ``[2, C]``."""
    values = pixels_HWC.reshape(-1, pixels_HWC.shape[2])
    return np.stack(
        [
            np.einsum("pc->c", values, dtype=np.float64),
            np.einsum("pc,pc->c", values, values, dtype=np.float64),
        ]
    )
