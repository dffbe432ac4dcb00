"""Maps of a scene as pictures: its classes with a legend, or its detection scores from dark to light."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rsbench.datasets.pixels.label_maps import LabelMap

Colour = tuple[int, int, int]

_LEAST_WIDTH, _MOST_WIDTH = 640, 2400
"""Of class maps beside each other, in pixels."""
_SIDE = 320
"""Of a score map, in pixels."""
GAP, LINE = 12, 18
"""Space between the parts of a page, and the height of a line of text, in pixels."""
_COLUMN = 190
_INK, _PAPER, _UNKNOWN = (20, 20, 20), (255, 255, 255), (235, 235, 235)
_STOPS = np.array([(0, 0, 8), (70, 16, 105), (170, 45, 90), (240, 120, 40), (252, 250, 190)], dtype=float)
"""Colours of scores from the least to the largest, evenly spaced."""


def class_colours(count: int) -> list[Colour]:
    """Return distinct colours: hues spread by the golden ratio, lightness and saturation in turns."""
    colours = []
    for number in range(count):
        hue, light, full = (number * 0.618034) % 1, (0.42, 0.62, 0.3)[number % 3], (0.85, 0.7)[number % 2]
        red, green, blue = colorsys.hls_to_rgb(hue, light, full)
        colours.append((round(255 * red), round(255 * green), round(255 * blue)))
    return colours


def draw_classes(path: Path, predicted_HW: LabelMap, truth_HW: LabelMap, names: tuple[str, ...], title: str) -> None:
    """Draw two label maps beside each other or, of a wide scene, one above the other, and a legend.

    Small maps are enlarged; of large ones every n-th row and column is drawn.

    Args:
        path: of the PNG.
        predicted_HW: class of each pixel from 1 upwards, 0 where nothing was asked.
        truth_HW: the true classes in the same form.
        names: of the classes, in label order.
        title: above the maps.
    """
    colours = class_colours(len(names))
    every = -(-truth_HW.shape[1] // _MOST_WIDTH)
    predicted_HW, truth_HW = predicted_HW[::every, ::every], truth_HW[::every, ::every]
    palette = np.array([_UNKNOWN, *colours], dtype=np.uint8)
    height, width = truth_HW.shape
    stacked = width > height
    factor = max(1, round(_LEAST_WIDTH / (width if stacked else 2 * width)))
    maps = [enlarged(palette[labels], factor) for labels in (predicted_HW, truth_HW)]
    down, right = (maps[0].height + LINE + GAP, 0) if stacked else (0, maps[0].width + GAP)
    top = GAP + 2 * LINE
    legend_top = top + down + maps[0].height + GAP
    page_width = 2 * GAP + right + maps[0].width
    columns = max(1, (page_width - 2 * GAP) // _COLUMN)
    lines = -(-len(names) // columns)
    page, ink, write = page_of(page_width, legend_top + lines * LINE + GAP)
    write(GAP, GAP // 2, title)
    for number, (label, picture) in enumerate(zip(("predicted", "truth"), maps, strict=True)):
        left, above = GAP + number * right, top + number * down
        write(left, above - LINE, label)
        page.paste(picture, (left, above))
    for number, (name, colour) in enumerate(zip(names, colours, strict=True)):
        left, above = GAP + number % columns * _COLUMN, legend_top + number // columns * LINE
        ink.rectangle((left, above + 3, left + 11, above + 14), fill=colour)
        write(left + 17, above, name)
    page.save(path)


def draw_scores(path: Path, maps: Mapping[str, NDArray[Any]]) -> None:
    """Draw maps of equal size beside each other, dark for the least score of each and light for its largest.

    Large scenes are reduced to the largest score of each block, so that targets of one pixel stay; small ones are
    enlarged.

    Args:
        path: of the PNG.
        maps: title -> scores [H, W].
    """
    pictures = {title: _coloured(scores_HW) for title, scores_HW in maps.items()}
    width, height = next(iter(pictures.values())).size
    page, _, write = page_of(GAP + len(pictures) * (width + GAP), height + LINE + 2 * GAP)
    for number, (title, picture) in enumerate(pictures.items()):
        left = GAP + number * (width + GAP)
        write(left, GAP // 2, title)
        page.paste(picture, (left, GAP + LINE))
    page.save(path)


def _coloured(scores_HW: NDArray[Any]) -> Image.Image:
    """Return a score map as a picture."""
    scores = _reduced(np.asarray(scores_HW, dtype=np.float64))
    colours = coloured_within(scores, scores.min(), scores.max())
    return enlarged(colours, max(1, _SIDE // max(scores.shape)))


def coloured_within(scores_HW: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Return the colours of scores, dark for the lowest and light for the highest, [H, W, 3]."""
    part = (scores_HW - low) / (high - low) if high > low else np.zeros_like(scores_HW)
    stops = np.linspace(0, 1, len(_STOPS))
    colours = np.stack([np.interp(part, stops, _STOPS[:, channel]) for channel in range(3)], axis=2)
    return colours.round().astype(np.uint8)


def _reduced(scores_HW: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest score of each block, of the smallest blocks that bring a scene below the side."""
    block = -(-max(scores_HW.shape) // _SIDE)
    down, right = (-size % block for size in scores_HW.shape)
    padded = np.pad(scores_HW, ((0, down), (0, right)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // block, block, padded.shape[1] // block, block)
    reduced: NDArray[np.float64] = blocks.max((1, 3))
    return reduced


def enlarged(colours_HWC: NDArray[np.uint8], factor: int) -> Image.Image:
    """Return a picture in which each pixel is a square of ``factor`` pixels."""
    height, width = colours_HWC.shape[:2]
    return Image.fromarray(colours_HWC).resize((width * factor, height * factor), Image.Resampling.NEAREST)


def page_of(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw, Callable[[int, int, str], None]]:
    """Return an empty page, what draws on it, and what writes a text from (left, top) on."""
    page = Image.new("RGB", (width, height), _PAPER)
    ink, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    return page, ink, lambda left, top, text: ink.text((left, top), text, fill=_INK, font=font)
