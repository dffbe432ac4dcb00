"""``rsbench data check``: count, read every picture, and find the same picture in two parts of the split."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.io.pictures import BrokenPicture
from rsbench.datasets.scenes.source import Picture, SceneSurvey, Source, Unreadable
from rsbench.errors import RsbenchError

_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """Pictures with the same pixels."""

    names: tuple[str, ...]
    parts: tuple[str, ...]
    """Part of the split that each of them falls into: "train", "val", "test", or "-" for none."""
    classes: tuple[str, ...]

    @property
    def between_splits(self) -> bool:
        """Whether a picture that is trained on is also validated or tested on (or validated and tested on)."""
        return len(set(self.parts) - {"-"}) > 1

    @property
    def between_classes(self) -> bool:
        """Whether one picture has two labels."""
        return len(set(self.classes)) > 1


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What stands on disk, and what is wrong with it."""

    name: str
    title: str
    where: Path
    fingerprint: str
    class_counts: dict[str, int]
    """Pictures of each class, in label order."""
    images: int
    images_of_release: int | None
    part: str | None
    sizes: dict[tuple[int, int], int]
    """(width, height) in pixels -> number of pictures, most frequent first."""
    split: str
    """The split that duplicates were looked for in."""
    unreadable: tuple[Unreadable, ...]
    duplicates: tuple[Duplicate, ...]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every picture can be read; duplicates and missing pictures are facts to know, not faults to mend."""
        return not self.unreadable

    @property
    def leaks(self) -> tuple[Duplicate, ...]:
        """Duplicates that stand in two parts of the split."""
        return tuple(group for group in self.duplicates if group.between_splits)

    def sentences(self) -> list[str]:
        """Return what was found, in plain words, for people who do not read tables."""
        missing = [name for name, count in self.class_counts.items() if count == 0]
        counts = [count for count in self.class_counts.values() if count]
        lines = [
            f"{self.title} at {self.where}: {self.images:,} images, {len(counts)} of {len(self.class_counts)} classes, "
            f"{_from_to(counts)} images in each of them."
        ]
        if self.part:
            lines.append(f"This is only a {self.part}.")
        if missing:
            lines.append(f"Classes without images: {', '.join(missing)}.")
        lines += [f"{bad.file} cannot be read: {bad.reason}." for bad in self.unreadable]
        for group in self.duplicates:
            named = ", ".join(f"{name} ({part})" for name, part in zip(group.names, group.parts, strict=True))
            where = "in two parts of the split" if group.between_splits else "within one part"
            lines.append(f"The same picture, {where}: {named}.")
        lines.append(f"Split: {self.split}.")
        lines.append("All images can be read." if not self.unreadable else "Replace or remove those files.")
        return lines + list(self.warnings)

    def facts(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        return {
            "where": str(self.where),
            "fingerprint": self.fingerprint,
            "images": self.images,
            "images_of_release": self.images_of_release,
            "part": self.part,
            "class_counts": self.class_counts,
            "sizes_px": [{"width": w, "height": h, "images": count} for (w, h), count in self.sizes.items()],
            "split": self.split,
            "unreadable": [asdict(bad) for bad in self.unreadable],
            "duplicates": [asdict(group) | {"between_splits": group.between_splits} for group in self.duplicates],
            "warnings": list(self.warnings),
        }


def _from_to(counts: list[int]) -> str:
    """Return ``100``, or ``97 to 100`` where the counts differ."""
    low, high = min(counts, default=0), max(counts, default=0)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def check_scenes(
    dataset: Dataset, survey: SceneSurvey, images_of_release: int | None, progress: Progress | None = None
) -> CheckReport:
    """Read every picture of a data set once.

    Args:
        dataset: what to check.
        survey: what was found of it.
        images_of_release: how many pictures there should be; None if that is not fixed.
        progress: called with (pictures done, pictures in all).
    """
    source, pictures = survey.source, survey.source.pictures
    parts, split = _parts(source)
    same: dict[str, list[int]] = defaultdict(list)
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    unreadable = list(source.unreadable)
    with ThreadPoolExecutor(source.threads) as pool:
        for start in range(0, len(pictures), _BATCH):
            batch = pictures[start : start + _BATCH]
            for index, read in enumerate(pool.map(lambda picture: _read(source, picture), batch), start=start):
                if isinstance(read, Unreadable):
                    unreadable.append(read)
                else:
                    digest, size = read
                    same[digest].append(index)
                    sizes[size] += 1
            if progress is not None:
                progress(min(start + _BATCH, len(pictures)), len(pictures))
    counts = np.bincount(source.labels, minlength=len(source.class_names))
    return CheckReport(
        name=dataset.name,
        title=dataset.title,
        where=source.where,
        fingerprint=survey.fingerprint,
        class_counts={name: int(count) for name, count in zip(source.class_names, counts, strict=True)},
        images=len(pictures),
        images_of_release=images_of_release,
        part=survey.part,
        sizes=dict(sorted(sizes.items(), key=lambda item: -item[1])),
        split=split,
        unreadable=tuple(unreadable),
        duplicates=tuple(_duplicate(source, parts, group) for group in same.values() if len(group) > 1),
        warnings=source.warnings,
    )


def _duplicate(source: Source, parts: list[str], group: list[int]) -> Duplicate:
    """Return what there is to say of pictures with the same pixels, given by their positions."""
    pictures = [source.pictures[index] for index in group]
    return Duplicate(
        names=tuple(picture.name for picture in pictures),
        parts=tuple(parts[index] for index in group),
        classes=tuple(source.class_names[picture.label] for picture in pictures),
    )


def _read(source: Source, picture: Picture) -> Unreadable | tuple[str, tuple[int, int]]:
    """Return digest and size of a picture's pixels, or why it cannot be read."""
    try:
        pixels_HWC = source.pixels_HWC(picture, None)
    except (BrokenPicture, OSError) as error:
        return Unreadable(file=source.place(picture), reason=str(error))
    height, width, _ = pixels_HWC.shape
    digest = hashlib.blake2b(pixels_HWC.tobytes(), digest_size=16, salt=f"{width}x{height}".encode()).hexdigest()
    return digest, (width, height)


def _parts(source: Source) -> tuple[list[str], str]:
    """Return the part that each picture falls into in the official split (drawn with seed 0 if there is none)."""
    parts = ["-"] * len(source.pictures)
    try:
        split = source.split("official", seed=0)
    except RsbenchError as error:  # too few pictures for a split: the rest of the check still helps
        return parts, f"none ({error})"
    for name, positions in (("train", split.train), ("val", split.val), ("test", split.test)):
        for position in positions:
            parts[position] = name
    return parts, split.description
