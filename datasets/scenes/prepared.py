"""A decoded data set on disk, ready for many workers to share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import split as splits
from rsbench.datasets.io.prepared_folder import read_facts
from rsbench.datasets.split import Split

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
