"""The one reader of ``--split`` texts, for cells and data sets alike."""

from __future__ import annotations

import math
import re

from rsbench.errors import RsbenchError

OFFICIAL = "official"
RANDOM = "random:"
"""Before percentages: single samples at random. Images are always drawn so; pixels in blocks otherwise."""
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{0,20})?|\.[0-9]{1,20}")


def check_split(split: str) -> None:
    """Refuse what is neither ``official`` nor percentages that :func:`parse_percent` takes.

    Raises:
        RsbenchError: says what a split looks like.
    """
    if split != OFFICIAL:
        parse_percent(split)


def parse_percent(split: str) -> tuple[float, ...]:
    """Return the percentages of ``train/val/test`` or ``train/test``, with or without ``random:`` before them.

    Raises:
        RsbenchError: unless they are two or three positive numbers that sum to 100.
    """
    fields = [field.strip() for field in split.removeprefix(RANDOM).split("/")]
    percent = tuple(map(float, fields)) if all(map(_PERCENT.fullmatch, fields)) else ()
    positive = all(math.isfinite(value) and value > 0 for value in percent)
    if len(percent) not in (2, 3) or not positive or not math.isclose(sum(percent), 100, abs_tol=1e-6):
        raise RsbenchError(
            f'The split "{split}" is not understood: write "official", or positive percentages that sum to 100, '
            "such as 50/10/40 for train/val/test or 10/90 for train/test (random:10/90 for random pixels of a scene)."
        )
    return percent
