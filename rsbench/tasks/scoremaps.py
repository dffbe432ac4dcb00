"""Pictures of score maps, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_SIDE, _GAP, _LINE = 320, 12, 18
_INK, _PAPER = (20, 20, 20), (255, 255, 255)
_STOPS = np.array([(0, 0, 8), (70, 16, 105), (170, 45, 90), (240, 120, 40), (252, 250, 190)], dtype=float)


def draw_scores(path: Path, maps: Mapping[str, NDArray[Any]]) -> None:
    """Draw maps of equal size beside each other, dark for the least score and light for the largest.

    Large scenes are reduced to the largest score of each block, so that targets of one pixel stay; small ones are
    enlarged.

    Args:
        path: of the PNG.
        maps: title -> scores [H, W].
    """
    pictures = {title: _picture(scores_HW) for title, scores_HW in maps.items()}
    width, height = next(iter(pictures.values())).size
    page = Image.new("RGB", (_GAP + len(pictures) * (width + _GAP), height + _LINE + 2 * _GAP), _PAPER)
    ink, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    for number, (title, picture) in enumerate(pictures.items()):
        left = _GAP + number * (width + _GAP)
        ink.text((left, _GAP // 2), title, fill=_INK, font=font)
        page.paste(picture, (left, _GAP + _LINE))
    page.save(path)


def _picture(scores_HW: NDArray[Any]) -> Image.Image:
    scores = _reduced(np.asarray(scores_HW, dtype=np.float64))
    low, high = scores.min(), scores.max()
    part = (scores - low) / (high - low) if high > low else np.zeros_like(scores)
    stops = np.linspace(0, 1, len(_STOPS))
    colours = np.stack([np.interp(part, stops, _STOPS[:, channel]) for channel in range(3)], axis=2)
    picture = Image.fromarray(colours.round().astype(np.uint8))
    factor = max(1, _SIDE // max(scores.shape))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def _reduced(scores_HW: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest score of each block, of the smallest blocks that bring a scene below the side."""
    block = -(-max(scores_HW.shape) // _SIDE)
    down, right = (-size % block for size in scores_HW.shape)
    padded = np.pad(scores_HW, ((0, down), (0, right)), mode="edge")
    reduced: NDArray[np.float64] = padded.reshape(padded.shape[0] // block, block, padded.shape[1] // block, block).max(
        (1, 3)
    )
    return reduced
