"""Pictures of label maps, side by side, with a legend."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
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
