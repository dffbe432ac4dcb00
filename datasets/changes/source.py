"""Pairs of pictures as they were found: in folders, in a scene's files, or a generator."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Survey
from rsbench.datasets.changes.tile_split import Origins, counted, split_tiles
from rsbench.datasets.changes.tiles import MIN_SIDE, Tiles, cut
from rsbench.errors import RsbenchError


class BrokenPair(Exception):
    """A pair that cannot be used; the text is a sentence that names the file."""


class Views(NamedTuple):
    """One pair as it was read."""

    before: NDArray[Any]
    """The earlier date, ``[H, W, C]``."""
    after: NDArray[Any]
    """The later date, of the same shape and dtype."""
    labels: NDArray[np.uint8]
    """``[H, W]``: 0 no change, 1 change, 255 not marked."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A picture of two dates, not yet read.

    Attributes:
        name: unique within its source.
        origin: index of the whole picture that it was cut from.
        height: in pixels.
        width: in pixels.
        size_bytes: of its files together.
        stamp: changes when the content does.
    """

    name: str
    origin: int
    height: int
    width: int
    size_bytes: int = 0
    stamp: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeSource(ABC):
    """The pairs of a data set as they were found.

    Attributes:
        where: folder or file.
        pairs: in the order of their names.
        origins: whole pictures that the pairs were cut from.
        channels: of each date.
        dtype: of each date, as numpy writes it.
        warnings: sentences for the user.
        threads: that read at once.
    """

    where: Path
    pairs: tuple[Pair, ...]
    origins: Origins
    channels: int
    dtype: str = "uint8"
    warnings: tuple[str, ...] = ()
    threads: int = 4

    @property
    def largest_side(self) -> int:
        """The longest side of any picture in pixels; tiles can be no larger."""
        return max(max(pair.height, pair.width) for pair in self.pairs)

    @abstractmethod
    def read(self, pair: Pair) -> Views:
        """Read one pair.

        Raises:
            BrokenPair: a file is damaged, or the three do not go together.
        """

    def cut(self, side: int) -> tuple[Tiles, Origins]:
        """Return the tiles of all pairs, and what shares a part.

        Raises:
            RsbenchError: the side is too small or too large.
        """
        require_side(side, self.largest_side)
        shapes = [(pair.height, pair.width) for pair in self.pairs]
        return cut(shapes, [pair.origin for pair in self.pairs], side), self.origins

    def fingerprint(self) -> str:
        """Return 12 hex digits that name this data: equal for equal names, sizes and parts."""
        lines = [f"changes 1 {self.channels} {self.dtype}"]
        lines += [f"{pair.name}\0{pair.origin}\0{pair.height}x{pair.width}\0{pair.size_bytes}" for pair in self.pairs]
        lines += [*self.origins.parts, *map(str, self.origins.strata)]
        return _digest(lines)

    def stamp(self) -> str:
        """Return 12 hex digits that change when a file was replaced by one of the same size, and when warnings do."""
        return _digest([*(pair.stamp for pair in self.pairs), *self.warnings, self.origins.told])


def stamped(files: Sequence[Path]) -> tuple[int, str]:
    """Return the bytes of some files together, and a text that changes when one of them does.

    Raises:
        RsbenchError: one cannot be looked at.
    """
    found = []
    for path in files:
        try:
            found.append(path.stat())
        except OSError as error:
            raise RsbenchError(
                f"{path} cannot be read ({error.strerror or error}): add it, or remove the pair."
            ) from error
    return sum(one.st_size for one in found), " ".join(str(one.st_mtime_ns) for one in found)


def require_side(side: int, largest: int) -> None:
    """Refuse tiles that are too small, or larger than every picture.

    Args:
        side: of a tile in pixels.
        largest: side of any picture in pixels.

    Raises:
        RsbenchError: says what to give.
    """
    if side < MIN_SIDE:
        raise RsbenchError(f"The image size {side} is too small for tiles: give at least {MIN_SIDE} pixels.")
    if side > max(largest, MIN_SIDE):
        raise RsbenchError(
            f"--image-size {side} is larger than every picture (at most {largest} px): take {max(largest, MIN_SIDE)} "
            "or less."
        )


def _digest(lines: list[str]) -> str:
    """Return 12 hex digits of some texts; names that are no UTF-8 come from the disk with surrogates."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class ChangeSurvey(Survey):
    """Pairs that were found, not yet read.

    Attributes:
        source: the pairs.
        side: of the tiles in pixels.
    """

    source: ChangeSource
    side: int

    @property
    def contents(self) -> str:
        """The number of pairs, in words."""
        return counted(len(self.source.pairs), "pair")

    @property
    def inputs(self) -> dict[str, int]:
        """The number of classes and of channels of one date."""
        return {"classes": 2, "channels": self.source.channels}

    def sized(self, image_size: int) -> Self:
        """Return the survey of tiles of that side."""
        return replace(self, side=image_size)

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many tiles train."""
        tiles, origins = self.source.cut(self.side)
        return len(split_tiles(tiles, origins, split, seed).train)
