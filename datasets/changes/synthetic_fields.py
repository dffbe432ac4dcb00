"""Two dates of made-up fields, on which buildings appear and vanish."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.changes.source import Views

Floats = NDArray[np.float32]
_GROUNDS = np.array([(96, 122, 62), (142, 132, 84), (118, 104, 74), (74, 98, 60), (156, 148, 110)], dtype=np.float32)
"""Colours of fields, red, green and blue in 0..255."""
_ROOFS = np.array([(176, 92, 72), (200, 198, 192), (120, 118, 122), (226, 218, 200)], dtype=np.float32)
_LEAST, _MOST = 6, 16
"""Sides of a building in pixels."""


@dataclass(frozen=True, kw_only=True)
class _Building:
    """A rectangle with a roof.

    Attributes:
        roof: colour ``[3]``.
    """

    top: int
    left: int
    height: int
    width: int
    roof: Floats

    @property
    def place(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


def draw(seed: int, number: int, side: int) -> Views:
    """Draw one pair.

    Season, light and noise differ between the dates and are no change; buildings that appear or vanish are.

    Args:
        seed: of the data set.
        number: of the pair, from 0.
        side: in pixels.

    Returns:
        ``uint8 [S, S, 3]`` twice and labels ``[S, S]``; the same for the same arguments.
    """
    rng = np.random.default_rng([seed, number])
    fields_HWC = _fields(rng, side)
    buildings = _buildings(rng, side)
    fates = rng.choice(3, len(buildings), p=(0.4, 0.3, 0.3))  # 0 stays, 1 appears, 2 vanishes
    labels_HW = np.zeros((side, side), dtype=np.uint8)
    for building, fate in zip(buildings, fates, strict=True):
        labels_HW[building.place] = fate > 0
    before = _photograph(rng, fields_HWC, [one for one, fate in zip(buildings, fates, strict=True) if fate != 1])
    after = _photograph(rng, fields_HWC, [one for one, fate in zip(buildings, fates, strict=True) if fate != 2])
    return Views(before, after, labels_HW)


def _fields(rng: np.random.Generator, side: int) -> Floats:
    """Return the ground without buildings, ``[S, S, 3]``: four fields around a point, with a rough surface."""
    row, column = rng.integers(side // 4, 3 * side // 4, 2)
    ground = np.empty((side, side, 3), dtype=np.float32)
    colours = _GROUNDS[rng.permutation(len(_GROUNDS))[:4]]
    for quarter, colour in enumerate(colours):
        rows = slice(0, row) if quarter < 2 else slice(row, side)
        columns = slice(0, column) if quarter % 2 == 0 else slice(column, side)
        ground[rows, columns] = colour
    coarse = rng.normal(0, 6, (side // 8 + 1, side // 8 + 1)).astype(np.float32)
    rough: Floats = np.kron(coarse, np.ones((8, 8), dtype=np.float32))[:side, :side]
    return ground + rough[..., None]


def _buildings(rng: np.random.Generator, side: int) -> list[_Building]:
    """Return buildings that do not touch."""
    taken = np.zeros((side, side), dtype=bool)
    buildings: list[_Building] = []
    for _ in range(rng.integers(8, 14)):
        height, width = rng.integers(_LEAST, _MOST + 1, 2)
        top, left = rng.integers(1, side - height), rng.integers(1, side - width)
        around = slice(max(0, top - 2), top + height + 2), slice(max(0, left - 2), left + width + 2)
        if not taken[around].any():
            taken[around] = True
            roof = _ROOFS[rng.integers(len(_ROOFS))] + rng.normal(0, 8, 3).astype(np.float32)
            buildings.append(_Building(top=int(top), left=int(left), height=int(height), width=int(width), roof=roof))
    return buildings


def _photograph(rng: np.random.Generator, fields_HWC: Floats, buildings: list[_Building]) -> NDArray[np.uint8]:
    """Return one date, ``uint8 [S, S, 3]``, in a light and a season of its own."""
    season = rng.uniform(0.85, 1.15, 3).astype(np.float32)
    scene = fields_HWC * season
    for building in buildings:
        scene[building.place] = building.roof
        rows, columns = building.place
        scene[rows.stop - 1, columns] *= 0.6  # the shaded eaves
    light = np.float32(rng.uniform(0.85, 1.15))
    noise = rng.normal(0, 4, scene.shape).astype(np.float32)
    levels: NDArray[np.uint8] = np.clip(scene * light + noise, 0, 255).astype(np.uint8)
    return levels
