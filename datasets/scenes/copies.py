"""The same picture in two formats: releases come with copies (.tif and .jpg), of which one is taken."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from rsbench.datasets.io.pictures import BrokenPicture
from rsbench.datasets.scenes.source import Picture, Source

_SIDE = 64
_MOST_SHARE = 0.25
"""Of the variance, by which copies may differ: JPEG changes a few hundredths, another picture differs by two of it."""
_LEAST_LEVELS = 2.0
"""Difference in grey levels that copies of an even picture may have."""
_compared: dict[tuple[Path, Picture, Picture], bool] = {}
"""Pairs that this process compared already; one command looks for its data several times."""


def without_copies(source: Source) -> Source:
    """Return the source with one of each pair of pictures that are equal but for their format, .tif before .jpg.

    Names alone decide nothing: pictures of one name in two formats that look different are both kept.
    """
    groups: dict[tuple[int, str], list[Picture]] = {}
    for picture in source.pictures:
        groups.setdefault((picture.label, os.path.splitext(picture.name)[0]), []).append(picture)
    pairs = [(first, other) for first, *others in groups.values() for other in others]
    if not pairs:
        return source
    with ThreadPoolExecutor(source.threads) as pool:
        equal = list(pool.map(lambda pair: _look_equal(source, *pair), pairs))
    dropped = {other.name for (_, other), same in zip(pairs, equal, strict=True) if same}
    sentences = []
    if dropped:
        sentences.append(f"{len(dropped):,} pictures stand there in a second format too; the copies are left out.")
    if len(dropped) < len(pairs):
        different = [f"{first.name} and {other.name}" for first, other in pairs if other.name not in dropped]
        sentences.append(
            f"{len(different):,} pairs of one name in two formats are different pictures ({different[0]}); "
            f"both are used."
        )
    kept = tuple(picture for picture in source.pictures if picture.name not in dropped)
    return replace(source, pictures=kept, warnings=(*source.warnings, *sentences))


def _look_equal(source: Source, first: Picture, other: Picture) -> bool:
    """Tell whether two pictures differ by no more than formats with loss make of one."""
    key = (source.where, first, other)
    if key not in _compared:
        _compared[key] = _compare(source, first, other)
    return _compared[key]


def _compare(source: Source, first: Picture, other: Picture) -> bool:
    """Decode two pictures and compare their grey levels."""
    try:
        pixels = [source.pixels_HWC(picture, None) for picture in (first, other)]
    except (BrokenPicture, OSError):
        return False
    if pixels[0].shape != pixels[1].shape:
        return False
    grey = [
        np.asarray(Image.fromarray(one).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)
        for one in pixels
    ]
    variance = (grey[0].var() + grey[1].var()) / 2
    return bool(np.mean((grey[0] - grey[1]) ** 2) <= _MOST_SHARE * variance + _LEAST_LEVELS**2)
