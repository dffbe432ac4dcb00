"""Prepared samples with labels, and what a record says of them and their split."""

from __future__ import annotations

from typing import Any, Protocol

from rsbench.datasets.split import Split


class Labelled(Protocol):
    """Prepared samples with labels, such as decoded scenes."""

    @property
    def name(self) -> str:
        """The data set's name."""

    @property
    def title(self) -> str:
        """Its name in words."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in label order."""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits, equal for equal data."""

    @property
    def part(self) -> str | None:
        """Words for an incomplete release, else None."""

    @property
    def synthetic(self) -> bool:
        """Whether the samples are made up."""

    def split(self, split: str, seed: int) -> Split:
        """Return which samples train, validate and test."""


def split_facts(task: str, data: Labelled, parts: Split) -> dict[str, Any]:
    """Return what a record's ``dataset`` section says of a data set and its split.

    Args:
        task: name of the task.
        data: the prepared samples.
        parts: which of them train, validate and test.
    """
    return {
        "name": data.name,
        "title": data.title,
        "task": task,
        "classes": list(data.class_names),
        "train": len(parts.train),
        "val": len(parts.val),
        "test": len(parts.test),
        "split": parts.description,
        "fingerprint": data.fingerprint,
        "part": data.part,
        "synthetic": data.synthetic,
    }
