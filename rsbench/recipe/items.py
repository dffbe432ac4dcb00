"""The items of a list that is written with commas."""

from __future__ import annotations

import re
from typing import Final

_CONTINUES: Final = re.compile(r"\s*[A-Za-z_]\w*\s*=")
"""What follows a comma within one item: ``policy=uniform`` after ``rsdgc:alpha=0.5``."""


def split_items(text: str) -> list[str]:
    """Return the items of a list.

    A comma ends an item, unless ``KEY=VALUE`` follows: that is an option of the item before it. Spaces around items
    do not count.

    Args:
        text: such as ``none,rsdgc:alpha=0.5,policy=uniform,dgc``, which has three items.

    Raises:
        ValueError: an item is empty, or an option follows an item without a colon.
    """
    items: list[str] = []
    for place, piece in enumerate(text.split(","), start=1):
        if not piece.strip():
            raise ValueError(f"item {place} of {text!r} is empty; write one comma between two values.")
        if not items or not _CONTINUES.match(piece):
            items.append(piece.strip())
        elif ":" in items[-1]:
            items[-1] += f",{piece.strip()}"
        else:
            raise ValueError(
                f"{piece.strip()!r} follows {items[-1]!r}, but options come after a colon: write "
                f"{items[-1]}:{piece.strip()}."
            )
    return items
