"""``rsbench data check`` of a scene: sizes, values, classes in each part, and whether training and test overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.fill_values import Extremes, FillValue
from rsbench.datasets.io.matlab import MatArray, axes_to_HW
from rsbench.datasets.pixels.label_maps import read_map
from rsbench.datasets.pixels.prepared import MISSING
from rsbench.datasets.pixels.source import PixelSource, PixelSurvey
from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class Values:
    """What one modality holds.

    Attributes:
        name: of the modality.
        words: name, size and type.
        low: smallest finite value.
        high: largest finite value.
        not_finite: values that are no number.
        zero_share: share of the pixels that are zero in all channels.
        constant: channels with one value only.
        fills: values that stand for missing data.
    """

    name: str
    words: str
    low: float
    high: float
    not_finite: int
    zero_share: float
    constant: int
    fills: tuple[FillValue, ...]

    def __str__(self) -> str:
        bad = f", {self.not_finite:,} values are no number" if self.not_finite else ", all values are numbers"
        flat = f", {self.constant:,} channels hold one value only" if self.constant else ""
        return f"{self.words}: {self.low:g} to {self.high:g}{bad}, {self.zero_share:.1%} of the pixels all zero{flat}."


@dataclass(frozen=True, kw_only=True)
class PixelCheck:
    """What stands on disk of a scene, and what is wrong with it.

    Attributes:
        title: of the data set.
        where: its folder.
        part: words for another size than the release, else None.
        values: of the modalities.
        class_counts: pixels of each class, labelled and in each part of the split.
        split: description of that split.
        shared: pixels in both official lists.
        conflicts: official pixels whose label differs from the label map's.
        warnings: sentences on the labels and the split.
    """

    title: str
    where: Path
    part: str | None
    values: tuple[Values, ...]
    class_counts: Mapping[str, Mapping[str, int]]
    split: str
    shared: int
    conflicts: int
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether all values are data, and the official parts agree with the labels and share no pixel."""
        return not (self.shared or self.conflicts or any(values.not_finite or values.fills for values in self.values))

    def sentences(self) -> list[str]:
        """Return what was found, in plain words."""
        lines = [f"{self.title} at {self.where}:"]
        for values in self.values:
            lines += [str(values), *(f"{values.name}: {fill}; {MISSING}" for fill in values.fills)]
        if self.part:
            lines.append(f"This is a {self.part}.")
        lines.append(f"Split: {self.split}.")
        for name, counts in self.class_counts.items():
            words = ", ".join(f"{count:,} {part}" for part, count in counts.items())
            lines.append(f"  {name}: {words}")
        if self.conflicts:
            lines.append(f"{self.conflicts:,} official pixels have another label than the label map.")
        lines.append(
            f"{self.shared:,} pixels stand in the training and the test list."
            if self.shared
            else "No pixel stands in two parts."
        )
        return lines + [f"Warning: {warning}" for warning in self.warnings]

    def facts(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        return {
            "where": str(self.where),
            "part": self.part,
            "modalities": [asdict(values) for values in self.values],
            "class_counts": self.class_counts,
            "split": self.split,
            "pixels_in_two_parts": self.shared,
            "conflicting_labels": self.conflicts,
            "warnings": list(self.warnings),
        }


def check_scene(dataset: Dataset, survey: PixelSurvey, progress: Progress | None = None) -> PixelCheck:
    """Read all of a scene once.

    Args:
        dataset: what to check.
        survey: what was found of it.
        progress: called with (modalities done, modalities in all).

    Raises:
        RsbenchError: its files cannot be read.
    """
    source, truth = survey.source, survey.source.ground_truth
    values = []
    modalities = source.modalities(survey.aux_name)
    for name, array in modalities.items():
        values.append(_values(name, source, array))
        if progress is not None:
            progress(len(values), len(modalities))
    lists = truth.lists or {}
    shared = len(np.intersect1d(lists["train"], lists["test"])) if lists else 0
    counts, description, warnings = _split(survey)
    return PixelCheck(
        title=dataset.title,
        where=survey.where,
        part=survey.part,
        values=tuple(values),
        class_counts=counts,
        split=description,
        shared=shared,
        conflicts=_conflicts(source),
        warnings=(*truth.warnings, *warnings),
    )


def _values(name: str, source: PixelSource, array: MatArray) -> Values:
    """Read one modality block by block and return what it holds."""
    low, high, bad, zeros, pixels = np.inf, -np.inf, 0, 0, 0
    least = most = None
    kind, extremes = None, Extremes()
    for block in array.rows(source.axes(array)):
        rows_NC = block.reshape(-1, source.channels(array))
        kind = rows_NC.dtype
        extremes.add(rows_NC[rows_NC.any(axis=1)] if array is source.hsi else rows_NC)
        if kind.kind == "f":
            bad += rows_NC.size - int(np.count_nonzero(np.isfinite(rows_NC)))
            rows_NC = np.nan_to_num(rows_NC, nan=0.0, posinf=0.0, neginf=0.0)
        lowest, highest = rows_NC.min(axis=0), rows_NC.max(axis=0)
        least = lowest if least is None else np.minimum(least, lowest)
        most = highest if most is None else np.maximum(most, highest)
        zeros += int(np.count_nonzero(~rows_NC.any(axis=1)))
        pixels += len(rows_NC)
    if least is None or most is None:
        raise RsbenchError(f"{array} is empty: put the right file there.")
    low, high = float(least.min()), float(most.max())
    size = f"{source.height} x {source.width} x {source.channels(array)}"
    return Values(
        name=name,
        words=f"{name}, {size}, {kind}",
        low=low,
        high=high,
        not_finite=bad,
        zero_share=zeros / pixels,
        constant=int(np.count_nonzero(least == most)),
        fills=extremes.fill_values(),
    )


def _split(survey: PixelSurvey) -> tuple[dict[str, dict[str, int]], str, tuple[str, ...]]:
    """Return each class's pixels in each part of the official split with seed 0, its description and its warnings."""
    source, truth = survey.source, survey.source.ground_truth
    parts = {"labelled": np.flatnonzero(truth.labels_HW)}
    warnings: tuple[str, ...] = ()
    try:
        split = survey.split("official", seed=0)
        parts |= {"train": split.train, "val": split.val, "test": split.test}
        description, warnings = split.description, split.warnings
    except RsbenchError as error:  # too few labelled pixels: the rest of the check still helps
        description = f"none ({error})"
    counts = {
        part: np.bincount(truth.labels_HW.flat[flat], minlength=len(source.names) + 1) for part, flat in parts.items()
    }
    by_class = {
        name: {part: int(of_label[label]) for part, of_label in counts.items()}
        for label, name in enumerate(source.names, 1)
    }
    return by_class, description, warnings


def _conflicts(source: PixelSource) -> int:
    """Count the official pixels whose own label differs from the label map's, where the lists are label maps."""
    labels_HW = source.ground_truth.labels_HW
    maps = [array for array in source.lists.values() if axes_to_HW(array.shape, source.height, source.width)]
    official_maps = [read_map(array, source.height, source.width) for array in maps]
    return sum(int(np.count_nonzero((own_HW > 0) & (own_HW != labels_HW))) for own_HW in official_maps)
