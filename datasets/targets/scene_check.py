"""What ``data check`` says of any hyperspectral scene with marks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np

from rsbench.datasets.base import Progress
from rsbench.datasets.fill_values import Extremes, FillValue
from rsbench.datasets.targets.scene_copy import fill_sentences
from rsbench.datasets.targets.scene_source import Marks, SceneSource


@dataclass(frozen=True, kw_only=True)
class SceneCheck:
    """What was found in a scene.

    Attributes:
        low: smallest finite value.
        high: largest finite value.
        not_finite: values that are no number.
        constant: bands with one value only.
        marked: number of marked pixels.
        fills: values that stand for missing data.
    """

    MARKS: ClassVar[Marks]
    """What is marked."""
    source: SceneSource
    low: float
    high: float
    not_finite: int
    constant: int
    marked: int
    fills: tuple[FillValue, ...]

    @classmethod
    def of(cls, source: SceneSource, progress: Progress | None = None) -> Self:
        """Read a whole scene, block by block."""
        low, high = np.full(source.bands, np.inf), np.full(source.bands, -np.inf)
        bad = done = 0
        extremes = Extremes()
        for rows in source.blocks():
            extremes.add(rows.reshape(-1, source.bands))
            finite = np.isfinite(rows)
            bad += rows.size - int(finite.sum())
            low = np.minimum(low, np.where(finite, rows, np.inf).min((0, 1)))
            high = np.maximum(high, np.where(finite, rows, -np.inf).max((0, 1)))
            done += len(rows)
            if progress is not None:
                progress(done, source.height)
        return cls(
            source=source,
            low=float(low.min()),
            high=float(high.max()),
            not_finite=bad,
            constant=int((low == high).sum()),
            marked=int(source.truth().sum()),
            fills=extremes.fill_values(),
        )

    @property
    def ok(self) -> bool:
        """Whether all values are data."""
        return not (self.not_finite or self.fills)

    def sentences(self) -> list[str]:
        """Return what was found, in plain words."""
        source = self.source
        pixels = source.height * source.width
        lines = [
            f"{source.title} at {source.where}: {source.contents} "
            f"({source.dtype}, {self.low:g} to {self.high:g}), {self.marked:,} of the {pixels:,} pixels are marked as "
            f"{self.MARKS.many} ({self.marked / pixels:.3%})."
        ]
        if self.constant:
            lines.append(f"{self.constant} bands hold one value only.")
        bad = f"{self.not_finite:,} values are no number: cut or fill them." if self.not_finite else ""
        fills = fill_sentences(source, self.fills)
        return [*lines, bad or "All values are numbers.", *fills, *self.remarks(), *source.warnings]

    def remarks(self) -> list[str]:
        """Return sentences that only scenes of this kind have."""
        return []

    def facts(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        source = self.source
        return {
            "where": str(source.where),
            "height_px": source.height,
            "width_px": source.width,
            "bands": source.bands,
            "low": self.low,
            "high": self.high,
            "not_finite": self.not_finite,
            "constant_bands": self.constant,
            f"{self.MARKS.one}_pixels": self.marked,
            "fill_values": [asdict(fill) for fill in self.fills],
            "warnings": list(source.warnings),
        }
