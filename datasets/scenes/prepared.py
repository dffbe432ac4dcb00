"""Decoded pictures on disk, ready for many workers to share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import split as splits
from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.io.pictures import BrokenPicture
from rsbench.datasets.io.prepared_folder import PreparedFolder, new_array
from rsbench.datasets.scenes.source import Picture, SceneSurvey, Source
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError

IMAGES, LABELS, NAMES, SUMS = "images.npy", "labels.npy", "names.txt", "sums.npy"
MIN_IMAGE_SIZE = 8
_BATCH = 128
"""Pictures that may wait in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Scenes(PreparedFolder):
    """Decoded pictures and their labels; the arrays stay on disk until they are asked for.

    Attributes:
        part: words for an incomplete release, else None.
        warnings: sentences for the user.
        count: number of pictures.
        lists: official split: positions of "train", "val" (may be missing) and "test"; None without one.
        lists_note: where the lists come from, in words.
    """

    METADATA = "scenes.json"
    SCHEMA = 2
    name: str
    title: str
    class_names: tuple[str, ...]
    image_size: int
    fingerprint: str
    part: str | None
    synthetic: bool
    warnings: tuple[str, ...]
    count: int
    lists: Mapping[str, tuple[int, ...]] | None
    lists_note: str

    def __len__(self) -> int:
        """Return the number of pictures."""
        return self.count

    def images(self) -> NDArray[np.uint8]:
        """Return all pictures, ``uint8 [N, H, W, 3]``, as a read-only memory map that processes share."""
        return self.map_array(IMAGES)

    def labels(self) -> NDArray[np.int64]:
        """Return all labels, ``int64 [N]``."""
        labels: NDArray[np.int64] = np.load(self.folder / LABELS)
        return labels

    def names(self) -> list[str]:
        """Return the pictures' names (``class/file``) in order."""
        return [json.loads(line) for line in (self.folder / NAMES).read_text(encoding="ascii").splitlines()]

    def channel_mean_std(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of R, G, B over some pictures, each ``[3]`` in 0..1.

        Args:
            positions: of the pictures, those that train, shape [n].
        """
        values, squares = np.load(self.folder / SUMS)[positions].sum(axis=0, dtype=np.float64)
        pixels = len(positions) * self.image_size**2
        mean = values / pixels
        return mean / 255, np.sqrt(np.maximum(squares / pixels - mean**2, 0)) / 255

    def split(self, split: str, seed: int) -> Split:
        """Return the pictures that train, validate and test.

        Args:
            split: as :func:`rsbench.datasets.split.choose` takes it.
            seed: of the repeat; all repeats test on the same pictures, unless ``split`` says otherwise.

        Raises:
            RsbenchError: if the text is not understood or a part stays empty.
        """
        return splits.choose(split, self.lists, self.lists_note, self.labels(), seed)


def prepare(
    dataset: Dataset,
    survey: SceneSurvey,
    cache_root: Path,
    image_size: int,
    *,
    warnings: tuple[str, ...],
    data_root: Path,
    progress: Progress | None,
) -> Scenes:
    """Return the decoded copy of some pictures below ``cache_root``, making it first where there is none.

    Raises:
        RsbenchError: broken pictures, too small a size, a cache folder that cannot be written or is full.
    """
    if image_size < MIN_IMAGE_SIZE:
        raise RsbenchError(f"The image size {image_size} is too small: give at least {MIN_IMAGE_SIZE} pixels.")
    source = survey.source
    folder = cache_root / f"{dataset.name}-{image_size}-{survey.fingerprint}"
    remedy = f'"rsbench data check {dataset.name} --data-root {data_root}" lists all such files.'

    def write(temporary: Path) -> Scenes:
        _decode_all(temporary / IMAGES, source, image_size, remedy, progress)
        np.save(temporary / LABELS, source.labels)
        names = "".join(f"{json.dumps(picture.name)}\n" for picture in source.pictures)  # JSON: they may be no UTF-8
        (temporary / NAMES).write_text(names, encoding="ascii")
        np.save(temporary / SUMS, _sums(temporary / IMAGES))
        return Scenes(
            name=dataset.name,
            title=dataset.title,
            class_names=source.class_names,
            image_size=image_size,
            folder=folder,
            fingerprint=survey.fingerprint,
            part=survey.part,
            synthetic=dataset.synthetic,
            warnings=warnings,
            count=len(source.pictures),
            lists=source.lists,
            lists_note=source.lists_note,
            stamp=source.stamp(),
        )

    return Scenes.reuse_or_write(folder, dataset.name, source.stamp(), write)


def _decode_all(path: Path, source: Source, image_size: int, remedy: str, progress: Progress | None) -> None:
    """Write every picture into one ``.npy`` file, in order, with a few threads.

    Raises:
        RsbenchError: a picture is broken; it ends with ``remedy``.
    """
    pictures = source.pictures
    shape = (len(pictures), image_size, image_size, 3)
    with new_array(path, np.uint8, shape) as file, ThreadPoolExecutor(source.threads) as pool:

        def decoded(picture: Picture) -> bytes:
            try:
                return source.pixels_HWC(picture, image_size).tobytes()
            except (BrokenPicture, OSError) as error:
                raise RsbenchError(
                    f"{source.place(picture)} cannot be read ({error}): replace or remove it; {remedy}"
                ) from error

        for start in range(0, len(pictures), _BATCH):
            for pixels in pool.map(decoded, pictures[start : start + _BATCH]):
                file.write(pixels)
            if progress is not None:
                progress(min(start + _BATCH, len(pictures)), len(pictures))


def _sums(path: Path) -> NDArray[np.uint64]:
    """Return the sums of R, G and B over each picture and of their squares, ``[N, 2, 3]``, reading in pieces."""
    images_NHWC = np.load(path, mmap_mode="r")
    sums = np.empty((len(images_NHWC), 2, 3), dtype=np.uint64)
    for start in range(0, len(images_NHWC), _BATCH):
        values = images_NHWC[start : start + _BATCH].reshape(-1, images_NHWC.shape[1] * images_NHWC.shape[2], 3)
        sums[start : start + _BATCH, 0] = np.einsum("npc->nc", values, dtype=np.uint64)
        sums[start : start + _BATCH, 1] = np.einsum("npc,npc->nc", values, values, dtype=np.uint64)
    return sums
