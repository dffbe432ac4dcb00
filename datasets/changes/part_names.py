"""What the name of a picture says: the official part, and the large picture that it was cut from."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OFFICIAL = re.compile(r"(train|val|test)_(\d+)((?:_\d+)*)", re.IGNORECASE)
"""``train_36`` and its crops ``train_36_0512_0512``."""
_CROP = re.compile(r"(.+?)((?:_(?:0|\d{2,5})){2}|(?:_(?:0|\d{2,5})){4})")
"""``scene_0000_0512``: the places of a crop, top and left, or with bottom and right."""
_NUMBERED = re.compile(r"(\d+)_(\d{1,3})")
"""``7_4``, ``7_10``: the fourth and the tenth crop of picture 7."""
_STEP = 16
"""Pixels that the places of crops are multiples of."""


@dataclass(frozen=True, kw_only=True)
class NameParts:
    """What a name says.

    Attributes:
        part: "train", "val" or "test"; empty where the name does not tell it.
        picture: the name without the place of a crop.
        is_crop: whether there was such a place.
    """

    part: str
    picture: str
    is_crop: bool


def read_name(stem: str) -> NameParts:
    """Return what a file's name without its suffix says."""
    official = _OFFICIAL.fullmatch(stem)
    if official:
        part = official[1].lower()
        return NameParts(part=part, picture=f"{part}_{official[2]}", is_crop=bool(official[3]))
    crop = _CROP.fullmatch(stem)
    if crop and all(int(number) % _STEP == 0 for number in crop[2].strip("_").split("_")):
        return NameParts(part="", picture=crop[1], is_crop=True)
    numbered = _NUMBERED.fullmatch(stem)
    if numbered:
        return NameParts(part="", picture=numbered[1], is_crop=True)
    return NameParts(part="", picture=stem, is_crop=False)
