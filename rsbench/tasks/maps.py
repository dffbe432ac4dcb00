"""Pictures of label maps, side by side, with a legend."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rsbench.datasets.pixels.label_maps import LabelMap

_LEAST_WIDTH, _MOST_WIDTH, _GAP, _LINE = 640, 2400, 12, 18
_INK, _PAPER, _UNKNOWN = (20, 20, 20), (255, 255, 255), (235, 235, 235)

Colour = tuple[int, int, int]


def class_colours(count: int) -> list[Colour]:
    """Return distinct colours: hues spread by the golden ratio, lightness and saturation in turns."""
    colours = []
    for number in range(count):
        hue, light, full = (number * 0.618034) % 1, (0.42, 0.62, 0.3)[number % 3], (0.85, 0.7)[number % 2]
        red, green, blue = colorsys.hls_to_rgb(hue, light, full)
        colours.append((round(255 * red), round(255 * green), round(255 * blue)))
    return colours


def draw_classes(path: Path, predicted_HW: LabelMap, truth_HW: LabelMap, names: tuple[str, ...], title: str) -> None:
    """Draw two label maps, beside each other or, of a wide scene, one above the other; small ones enlarged.

    Of large ones every n-th row and column is drawn.

    Args:
        path: of the PNG.
        predicted_HW: class of each pixel from 1 upwards, 0 where nothing was asked.
        truth_HW: likewise.
        names: of the classes, in label order.
        title: above the pictures.
    """
    colours = class_colours(len(names))
    every = -(-truth_HW.shape[1] // _MOST_WIDTH)
    predicted_HW, truth_HW = predicted_HW[::every, ::every], truth_HW[::every, ::every]
    palette = np.array([_UNKNOWN, *colours], dtype=np.uint8)
    height, width = truth_HW.shape
    stacked = width > height
    factor = max(1, round(_LEAST_WIDTH / (width if stacked else 2 * width)))
    maps = [
        Image.fromarray(palette[labels]).resize((width * factor, height * factor), Image.Resampling.NEAREST)
        for labels in (predicted_HW, truth_HW)
    ]
    down, right = (maps[0].height + _LINE + _GAP, 0) if stacked else (0, maps[0].width + _GAP)
    top = _GAP + 2 * _LINE
    legend_top = top + down + maps[0].height + _GAP
    page_width = 2 * _GAP + right + maps[0].width
    columns = max(1, (page_width - 2 * _GAP) // 190)
    lines = -(-len(names) // columns)
    page = Image.new("RGB", (page_width, legend_top + lines * _LINE + _GAP), _PAPER)
    ink, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    ink.text((_GAP, _GAP // 2), title, fill=_INK, font=font)
    for number, (label, picture) in enumerate(zip(("predicted", "truth"), maps, strict=True)):
        left, above = _GAP + number * right, top + number * down
        ink.text((left, above - _LINE), label, fill=_INK, font=font)
        page.paste(picture, (left, above))
    for number, (name, colour) in enumerate(zip(names, colours, strict=True)):
        left, above = _GAP + number % columns * 190, legend_top + number // columns * _LINE
        ink.rectangle((left, above + 3, left + 11, above + 14), fill=colour)
        ink.text((left + 17, above), name, fill=_INK, font=font)
    page.save(path)


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
