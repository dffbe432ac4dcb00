"""The one reader of ``--split`` texts, for cells and data sets alike."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from rsbench.errors import RsbenchError

OFFICIAL = "official"
REDRAWN = "redrawn:"
"""Before percentages: each seed draws its own test part. Without it only training and validation follow the seed."""
RANDOM = "random:"
"""Before percentages: single samples at random. Images are always drawn so; pixels in blocks otherwise."""
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{0,20})?|\.[0-9]{1,20}")


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What a split by percentages asks for.

    Attributes:
        percent: of train/val/test, or of train/test.
        is_redrawn: each seed draws its own test part, too.
        is_random: single pixels at random instead of blocks.
    """

    percent: tuple[float, ...]
    is_redrawn: bool = False
    is_random: bool = False


def percent_text(percent: tuple[float, ...]) -> str:
    """Return percentages as a user writes them: ``50/10/40``."""
    return "/".join(f"{value:g}" for value in percent)


def check_split(split: str) -> None:
    """Refuse what is neither ``official`` nor what :func:`parse_shares` takes.

    Raises:
        RsbenchError: says what a split looks like.
    """
    if split != OFFICIAL:
        parse_shares(split)


def parse_shares(split: str) -> Shares:
    """Return what ``train/val/test`` or ``train/test`` asks for, after ``redrawn:``, ``random:``, both or neither.

    Raises:
        RsbenchError: unless there are two or three positive numbers that sum to 100.
    """
    undrawn = split.removeprefix(REDRAWN)
    numbers = undrawn.removeprefix(RANDOM)
    fields = [field.strip() for field in numbers.split("/")]
    percent = tuple(map(float, fields)) if all(map(_PERCENT.fullmatch, fields)) else ()
    positive = all(math.isfinite(value) and value > 0 for value in percent)
    if len(percent) not in (2, 3) or not positive or not math.isclose(sum(percent), 100, abs_tol=1e-6):
        raise RsbenchError(
            f'The split "{split}" is not understood: write "official", or positive percentages that sum to 100, '
            "such as 50/10/40 for train/val/test or 10/90 for train/test (random:10/90 for random pixels of a scene, "
            "redrawn:10/90 for other test samples with each seed, redrawn:random:10/90 for both)."
        )
    return Shares(percent=percent, is_redrawn=undrawn != split, is_random=numbers != undrawn)
