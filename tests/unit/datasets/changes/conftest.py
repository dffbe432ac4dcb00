"""Small fakes of picture pairs in the layouts of real sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

WritePairs = Callable[..., Path]


def draw_pair(seed: int, side: int) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Return two dates, and a label of 0 and 255 whose left quarter changed."""
    rng = np.random.default_rng(seed)
    dates = (Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for _ in range(2))
    changed = np.zeros((side, side), dtype=np.uint8)
    changed[:, : side // 4] = 255
    return (*dates, Image.fromarray(changed))  # type: ignore[return-value]


@pytest.fixture
def write_pairs(tmp_path: Path) -> WritePairs:
    """Return a function that writes pairs of those names into three folders of a place below ``tmp_path/data``."""

    def write(
        place: str, stems: Sequence[str], *, folders: Sequence[str] = ("A", "B", "label"), side: int = 16
    ) -> Path:
        for stem in stems:
            seed = int.from_bytes(stem.encode(), "little") % 2**32
            for folder, image in zip(folders, draw_pair(seed, side), strict=True):
                path = tmp_path / "data" / place / folder / f"{stem}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                image.save(path)
        return tmp_path / "data"

    return write
