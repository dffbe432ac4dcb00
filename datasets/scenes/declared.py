"""A scene data set as its release declares it, for plans on machines that do not have it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from rsbench.datasets.scenes.source import Picture, SceneSurvey, Source


def declared(
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
