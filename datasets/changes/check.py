"""What ``data check`` says of pictures of two dates."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.changes.source import BrokenPair, ChangeSource, ChangeSurvey, Pair
from rsbench.datasets.changes.tile_split import PARTS, counted, split_tiles
from rsbench.datasets.changes.tiles import MIN_SIDE, Tiles
from rsbench.errors import RsbenchError

_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class PartCount:
    """What one part of the split holds.

    Attributes:
        part: "train", "val" or "test".
        tiles: of the default side.
        changed: pixels.
        unchanged: pixels.
    """

    part: str
    tiles: int
    changed: int
    unchanged: int

    @property
    def share(self) -> float:
        """Changed pixels as a fraction of the marked ones; 0 where none is marked."""
        return self.changed / max(1, self.changed + self.unchanged)


@dataclass(frozen=True, kw_only=True)
class ChangeCheck:
    """What was found in the pairs of a data set.

    Attributes:
        title: of the data set.
        survey: the pairs.
        sizes: (height, width) in pixels -> number of pairs, most frequent first.
        changed: pixels of all pairs.
        unchanged: pixels of all pairs.
        unmarked: pixels of all pairs.
        split: the official split in words, or why there is none.
        parts: what each part of it holds; empty where there is none.
        broken: a sentence for each pair that cannot be used.
        split_warnings: what the split does not hold to.
    """

    title: str
    survey: ChangeSurvey
    sizes: dict[tuple[int, int], int]
    changed: int
    unchanged: int
    unmarked: int
    split: str
    parts: tuple[PartCount, ...]
    broken: tuple[str, ...]
    split_warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every pair can be read."""
        return not self.broken

    def sentences(self) -> list[str]:
        """Return what was found, in plain words."""
        source, marked = self.survey.source, max(1, self.changed + self.unchanged)
        sizes = ", ".join(f"{height} x {width} px: {count:,}" for (height, width), count in self.sizes.items())
        lines = [
            f"{self.title} at {source.where}: {self.survey.contents} cut from "
            f"{counted(len(source.origins), 'whole picture')} ({sizes}), {source.channels} channels ({source.dtype}).",
            f"{self.changed:,} of the {self.changed + self.unchanged:,} marked pixels changed "
            f"({self.changed / marked:.2%}); {self.unmarked:,} pixels are not marked.",
        ]
        if self.survey.part:
            lines.append(f"This is only a {self.survey.part}.")
        lines.append(f"Split into tiles of {self.survey.side} px: {self.split}.")
        if self.parts:
            shares = ", ".join(f"{part.part} {part.share:.2%}" for part in self.parts)
            lines.append(f"Changed pixels by part: {shares}.")
        lines += self.broken
        lines.append("All pairs can be read." if self.ok else "Replace or remove those files.")
        return [*lines, *self.survey.warnings, *self.split_warnings]

    def facts(self) -> dict[str, Any]:
        """Return what was found as plain values."""
        source = self.survey.source
        return {
            "where": str(source.where),
            "fingerprint": self.survey.fingerprint,
            "part": self.survey.part,
            "pairs": len(source.pairs),
            "whole_pictures": len(source.origins),
            "channels": source.channels,
            "dtype": source.dtype,
            "sizes_px": [{"height": h, "width": w, "pairs": count} for (h, w), count in self.sizes.items()],
            "changed_pixels": self.changed,
            "unchanged_pixels": self.unchanged,
            "unmarked_pixels": self.unmarked,
            "split": self.split,
            "tile_px": self.survey.side,
            "parts": {
                part.part: {"tiles": part.tiles, "changed_pixels": part.changed, "unchanged_pixels": part.unchanged}
                for part in self.parts
            },
            "broken": list(self.broken),
            "warnings": [*self.survey.warnings, *self.split_warnings],
        }


def check_pairs(dataset: Dataset, survey: ChangeSurvey, progress: Progress | None = None) -> ChangeCheck:
    """Read every pair of a data set once; tiles of the default side, or as large as the largest picture."""
    source = survey.source
    survey = survey.sized(max(MIN_SIDE, min(survey.side, source.largest_side)))
    tiles, origins = source.cut(survey.side)
    broken, counts, unmarked = _count(source, tiles, progress)
    parts: tuple[PartCount, ...] = ()
    warnings: tuple[str, ...] = ()
    try:
        split = split_tiles(tiles, origins, "official", 0)
    except RsbenchError as error:  # too few pictures for a split: the rest of the check still helps
        words = f"none ({error})"
    else:
        words, warnings = split.description, split.warnings
        parts = tuple(_part(name, getattr(split, name), counts) for name in PARTS)
    sizes = Counter((pair.height, pair.width) for pair in source.pairs)
    return ChangeCheck(
        title=dataset.title,
        survey=survey,
        sizes=dict(sizes.most_common()),
        changed=int(counts[:, 1].sum()),
        unchanged=int(counts[:, 0].sum()),
        unmarked=unmarked,
        split=words,
        parts=parts,
        broken=broken,
        split_warnings=warnings,
    )


def _count(
    source: ChangeSource, tiles: Tiles, progress: Progress | None
) -> tuple[tuple[str, ...], np.ndarray[Any, np.dtype[np.int64]], int]:
    """Return the sentences on broken pairs, unchanged and changed pixels a tile, and the number of unmarked pixels."""

    def read(pair: Pair) -> str | np.ndarray[Any, np.dtype[np.uint8]]:
        try:
            return source.read(pair).labels
        except BrokenPair as error:
            return str(error)

    broken: list[str] = []
    counts, unmarked = np.zeros((len(tiles), 2), dtype=np.int64), 0
    with ThreadPoolExecutor(source.threads) as pool:
        for start in range(0, len(source.pairs), _BATCH):
            for index, labels in enumerate(pool.map(read, source.pairs[start : start + _BATCH]), start):
                if isinstance(labels, str):
                    broken.append(labels)
                    continue
                unmarked += labels.size - int(np.count_nonzero(labels <= 1))
                for tile in np.flatnonzero(tiles.picture == index):
                    top, left = tiles.places[tile]
                    inside = labels[top : top + tiles.side, left : left + tiles.side]
                    counts[tile] = [np.count_nonzero(inside == label) for label in (0, 1)]
            if progress is not None:
                progress(min(start + _BATCH, len(source.pairs)), len(source.pairs))
    return tuple(broken), counts, unmarked


def _part(name: str, positions: np.ndarray[Any, np.dtype[np.int64]], counts: np.ndarray[Any, Any]) -> PartCount:
    """Return what a part holds."""
    unchanged, changed = counts[positions].sum(axis=0).tolist()
    return PartCount(part=name, tiles=len(positions), changed=changed, unchanged=unchanged)
