"""Synthetic change-detection pairs, for trials and tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rsbench.datasets.changes.dataset import ChangeDataset
from rsbench.datasets.changes.source import ChangeSource, Pair, Views
from rsbench.datasets.changes.synthetic_fields import draw
from rsbench.datasets.changes.tile_split import Origins

VERSION = 1
"""Raised whenever the pictures change, so that old results are not mixed with new ones."""
PICTURES = 48
SIDE = 64
"""Of a picture, in pixels."""
_SEED = 20_241_127


@dataclass(frozen=True, kw_only=True)
class GeneratedPairs(ChangeSource):
    """Pairs that are drawn when they are asked for."""

    def read(self, pair: Pair) -> Views:
        """Draw one pair."""
        return draw(_SEED, pair.origin, pair.height)


class SyntheticChanges(ChangeDataset):
    """Generated fields of two dates; the same on every machine and in every run."""

    name = "synthetic-changes"
    title = "synthetic fields of two dates"
    licence = "Apache-2.0, as rsbench itself"
    citation = "rsbench: procedural fields of two dates"
    layout = "nothing on disk: the pictures are generated."
    synthetic = True
    image_size = 64
    epochs = 20
    batch_size = 2

    @property
    def contents(self) -> str:
        """The number of pairs and their size."""
        return f"{PICTURES} pairs of {SIDE} x {SIDE} pixels"

    def locate(self, data_root: Path) -> ChangeSource:
        """Return the generator; ``data_root`` is not looked at and need not exist."""
        pairs = tuple(
            Pair(name=f"v{VERSION}/{number:03d}", origin=number, height=SIDE, width=SIDE) for number in range(PICTURES)
        )
        return GeneratedPairs(
            where=Path("(generated)"),
            pairs=pairs,
            origins=Origins(parts=("",) * PICTURES, strata=(0,) * PICTURES),
            channels=3,
            threads=1,
        )
