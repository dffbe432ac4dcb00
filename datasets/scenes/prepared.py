"""A decoded data set on disk, ready for many workers to share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import split as splits
from rsbench.datasets.base import Progress
from rsbench.datasets.io.prepared_folder import new_array, once, read_facts
from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.images import BrokenPicture
from rsbench.datasets.scenes.source import Picture, Source
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError

SCHEMA = 1
IMAGES, LABELS, FACTS, NAMES = "images.npy", "labels.npy", "scenes.json", "names.txt"


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """Decoded pictures and their labels; the arrays stay on disk until they are asked for."""

    name: str
    title: str
    class_names: tuple[str, ...]
    image_size: int
    folder: Path
    fingerprint: str
    part: str | None
    synthetic: bool
    warnings: tuple[str, ...]
    count: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    lists: Mapping[str, tuple[int, ...]] | None
    lists_note: str
    stamp: str

    @classmethod
    def load(cls, folder: Path) -> Scenes:
        """Open a folder that ``prepare`` made.

        Raises:
            RsbenchError: if there is none, or another rsbench wrote it.
        """
        facts = read_facts(folder, FACTS, SCHEMA)
        lists = facts.pop("lists")
        return cls(
            folder=folder,
            class_names=tuple(facts.pop("class_names")),
            warnings=tuple(facts.pop("warnings")),
            mean=_three(facts.pop("mean")),
            std=_three(facts.pop("std")),
            lists=None if lists is None else {part: tuple(positions) for part, positions in lists.items()},
            **facts,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what ``scenes.json`` holds (everything but the folder's own path)."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "title": self.title,
            "class_names": list(self.class_names),
            "image_size": self.image_size,
            "fingerprint": self.fingerprint,
            "part": self.part,
            "synthetic": self.synthetic,
            "warnings": list(self.warnings),
            "count": self.count,
            "mean": list(self.mean),
            "std": list(self.std),
            "lists": None if self.lists is None else {part: list(p) for part, p in self.lists.items()},
            "lists_note": self.lists_note,
            "stamp": self.stamp,
        }

    def __len__(self) -> int:
        """Return the number of pictures."""
        return self.count

    def images(self) -> NDArray[np.uint8]:
        """Return all pictures, ``uint8 [N, H, W, 3]``, as a read-only memory map that processes share."""
        pictures: NDArray[np.uint8] = np.load(self.folder / IMAGES, mmap_mode="r")
        return pictures

    def labels(self) -> NDArray[np.int64]:
        """Return all labels, ``int64 [N]``."""
        labels: NDArray[np.int64] = np.load(self.folder / LABELS)
        return labels

    def names(self) -> list[str]:
        """Return the pictures' names (``class/file``) in order."""
        return (self.folder / NAMES).read_text(encoding="utf-8").splitlines()

    def channel_mean_std(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of R, G, B over all pictures, each ``[3]`` in 0..1."""
        return np.array(self.mean), np.array(self.std)

    def split(self, split: str, seed: int) -> Split:
        """Return the pictures that train, validate and test.

        Args:
            split: "official" (the set's own lists, else 80/10/10), "A/B/C" (percent train/val/test) or "A/B"
                (percent train/test; a tenth of train validates).
            seed: of the repeat; draws another split for each repeat, except for official lists.

        Raises:
            RsbenchError: if the text is not understood or a part stays empty.
        """
        return splits.choose(split, self.lists, self.lists_note, self.labels(), seed)


def _three(values: list[float]) -> tuple[float, float, float]:
    """Return a list of three numbers as a tuple."""
    red, green, blue = values
    return (red, green, blue)


MIN_IMAGE_SIZE = 8


_BATCH = 128
"""Pictures that may wait in memory at a time."""


_LEVELS = np.arange(256) / 255


def prepare(
    dataset: SceneDataset,
    source: Source,
    cache_root: Path,
    image_size: int,
    *,
    part: str | None,
    warnings: tuple[str, ...],
    data_root: Path,
    progress: Progress | None,
) -> Scenes:
    """Return the decoded copy of a source below ``cache_root``, making it first where there is none.

    Raises:
        RsbenchError: broken pictures, too small a size, a cache folder that cannot be written or is full.
    """
    if image_size < MIN_IMAGE_SIZE:
        raise RsbenchError(f"The image size {image_size} is too small: give at least {MIN_IMAGE_SIZE} pixels.")
    folder = cache_root / f"{dataset.name}-{image_size}-{source.fingerprint()}"
    facts = _Facts(dataset=dataset, source=source, image_size=image_size, part=part, warnings=warnings)
    return once(
        folder,
        dataset.name,
        lambda: _ready(folder, source),
        lambda made: _build(made, folder, facts, data_root, progress),
    )


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What is known before decoding."""

    dataset: SceneDataset
    source: Source
    image_size: int
    part: str | None
    warnings: tuple[str, ...]


def _ready(folder: Path, source: Source) -> Scenes | None:
    """Return the decoded copy in ``folder`` if it is whole and no file changed since."""
    if not (folder / FACTS).is_file():
        return None
    try:
        scenes = Scenes.load(folder)
    except RsbenchError:
        return None
    return scenes if scenes.stamp == source.stamp() else None


def _build(made: Path, folder: Path, facts: _Facts, data_root: Path, progress: Progress | None) -> Scenes:
    """Decode into the folder ``made``, which will be moved to ``folder``."""
    source = facts.source
    _decode_all(made / IMAGES, facts, data_root, progress)
    np.save(made / LABELS, np.array([p.label for p in source.pictures], dtype=np.int64))
    (made / NAMES).write_text("".join(f"{p.name}\n" for p in source.pictures), encoding="utf-8")
    mean, std = _channel_mean_std(made / IMAGES)
    scenes = Scenes(
        name=facts.dataset.name,
        title=facts.dataset.title,
        class_names=source.class_names,
        image_size=facts.image_size,
        folder=folder,
        fingerprint=source.fingerprint(),
        part=facts.part,
        synthetic=facts.dataset.synthetic,
        warnings=facts.warnings,
        count=len(source.pictures),
        mean=mean,
        std=std,
        lists=source.lists,
        lists_note=source.lists_note,
        stamp=source.stamp(),
    )
    (made / FACTS).write_text(json.dumps(scenes.to_dict()), encoding="utf-8")
    return scenes


def _decode_all(path: Path, facts: _Facts, data_root: Path, progress: Progress | None) -> None:
    """Write every picture into one ``.npy`` file, in order, with a few threads."""
    pictures, size = facts.source.pictures, facts.image_size
    shape = (len(pictures), size, size, 3)
    with new_array(path, np.uint8, shape) as file, ThreadPoolExecutor(facts.source.threads) as pool:

        def one(picture: Picture) -> bytes:
            try:
                return facts.source.pixels_HWC(picture, size).tobytes()
            except (BrokenPicture, OSError) as error:
                raise RsbenchError(
                    f"{facts.source.place(picture)} cannot be read ({error}): replace or remove it; "
                    f'"rsbench data check {facts.dataset.name} --data-root {data_root}" lists all such files.'
                ) from error

        for start in range(0, len(pictures), _BATCH):
            for pixels in pool.map(one, pictures[start : start + _BATCH]):
                file.write(pixels)
            if progress is not None:
                progress(min(start + _BATCH, len(pictures)), len(pictures))


def _channel_mean_std(path: Path) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return mean and standard deviation of R, G, B in 0..1, reading the file in pieces."""
    images_NHWC = np.load(path, mmap_mode="r")
    totals, squares, pixels = np.zeros(3), np.zeros(3), 0
    for start in range(0, len(images_NHWC), _BATCH):
        flat = np.asarray(images_NHWC[start : start + _BATCH]).reshape(-1, 3)
        for channel in range(3):
            counts = np.bincount(flat[:, channel], minlength=256)
            totals[channel] += counts @ _LEVELS
            squares[channel] += counts @ _LEVELS**2
        pixels += len(flat)
    mean = totals / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    return _three(mean.tolist()), _three(std.tolist())
