"""Pictures by class as they were found: in a folder, a zip or a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets import split as splits
from rsbench.datasets.base import Survey
from rsbench.datasets.scenes.images import decode
from rsbench.datasets.split import Split


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture of a source, not yet read."""

    name: str
    """``class/file`` with forward slashes, unique within its source."""
    label: int
    size_bytes: int
    stamp: int
    """Changes when the content does: modification time in ns of a file, CRC of a zip member."""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A picture that cannot be read."""

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """The pictures of a data set as they were found: a folder, a zip, or a generator."""

    where: Path
    class_names: tuple[str, ...]
    pictures: tuple[Picture, ...]
    lists: Mapping[str, tuple[int, ...]] | None = None
    """Official split: positions in ``pictures`` for "train", "val" (may be missing) and "test"."""
    lists_note: str = ""
    unreadable: tuple[Unreadable, ...] = ()
    """What stands among the pictures and cannot be one of them, such as a link to what is gone."""
    warnings: tuple[str, ...] = ()
    recipe: str = "decode 1"
    """Version of how pictures come about; part of the fingerprint."""
    threads: int = 4

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each picture, ``int64 [N]``."""
        return np.array([picture.label for picture in self.pictures], dtype=np.int64)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The warnings, and what was left out because it cannot be read."""
        left_out = [f"{one.file} is left out: {one.reason}." for one in self.unreadable[:5]]
        if len(self.unreadable) > 5:
            left_out.append(f"{len(self.unreadable) - 5:,} more files are left out because they cannot be read.")
        return (*left_out, *self.warnings)

    def read(self, picture: Picture) -> bytes:
        """Return the bytes of one picture's file."""
        raise NotImplementedError

    def place(self, picture: Picture) -> str:
        """Return the words that tell a user which file a picture is."""
        return str(self.where / picture.name)

    def pixels_HWC(self, picture: Picture, image_size: int | None) -> NDArray[np.uint8]:
        """Return one picture as ``uint8 [H, W, 3]``.

        Args:
            picture: one of ``pictures``.
            image_size: side of the square to return, in pixels; None keeps the picture as it is.

        Raises:
            BrokenPicture: if the file cannot be decoded.
        """
        return decode(self.read(picture), image_size)

    def fingerprint(self) -> str:
        """Return 12 hex digits that name this data: equal for equal names, sizes, classes and split lists."""
        digest = hashlib.sha256(self.recipe.encode())
        digest.update(_bytes("\0".join(self.class_names)))
        digest.update(_bytes("".join(f"\n{p.name}\0{p.size_bytes}\0{p.label}" for p in self.pictures)))
        for part, positions in sorted((self.lists or {}).items()):
            digest.update(part.encode() + np.asarray(positions, dtype="<i8").tobytes())
        return digest.hexdigest()[:12]

    def stamp(self) -> str:
        """Return 12 hex digits that change when a file was replaced by one of the same size, and when warnings do."""
        stamps = "\n".join([*(f"{p.stamp}" for p in self.pictures), *self.sentences])
        return hashlib.sha256(_bytes(stamps)).hexdigest()[:12]

    def split(self, split: str, seed: int) -> Split:
        """Return which pictures train, validate and test; see :func:`rsbench.datasets.split.choose`.

        Raises:
            RsbenchError: if the text is not understood or a part stays empty.
        """
        return splits.choose(split, self.lists, self.lists_note, self.labels, seed)


def _bytes(names: str) -> bytes:
    """Return names as they stand on disk; those that are no UTF-8 come from there with surrogates."""
    return names.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, kw_only=True)
class SceneSurvey(Survey):
    """Pictures that were found, not yet decoded."""

    source: Source

    @property
    def contents(self) -> str:
        """The number of pictures, in words."""
        return f"{len(self.source.pictures):,} images"

    @property
    def inputs(self) -> dict[str, int]:
        """The number of classes."""
        return {"classes": len(self.source.class_names)}

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many images train, without decoding any."""
        return len(self.source.split(split, seed).train)


def declared_survey(
    where: Path, class_names: Sequence[str], images: int, list_percent: tuple[float, ...] | None
) -> SceneSurvey:
    """Return the survey of a complete release, its pictures spread evenly over the classes.

    Args:
        where: the data root, in which the set was not found.
        class_names: in label order.
        images: pictures in all.
        list_percent: shares of the official lists, train, validation and test; None for a set without lists.
    """
    labels = (number % len(class_names) for number in range(images))
    pictures = tuple(
        Picture(name=f"{class_names[label]}/{number}", label=label, size_bytes=0, stamp=0)
        for number, label in enumerate(labels)
    )
    lists = None if list_percent is None else _lists(images, list_percent)
    source = Source(where=where, class_names=tuple(class_names), pictures=pictures, lists=lists, lists_note="declared")
    return SceneSurvey(where=where, fingerprint="declared", source=source)


def _lists(images: int, percent: Sequence[float]) -> dict[str, tuple[int, ...]]:
    """Return positions of the official parts; neighbours are of different classes, so each part has all classes."""
    ends = [round(images * share / 100) for share in accumulate(percent)]
    starts = [0, *ends[:-1]]
    parts = ("train", "val", "test")
    return {part: tuple(range(start, end)) for part, start, end in zip(parts, starts, ends, strict=True)}
