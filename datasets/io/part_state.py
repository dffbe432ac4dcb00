"""What is known of a file that has arrived in part: it is kept beside the part, and read without trust."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsbench.datasets.io.http_answer import usable_validator
from rsbench.datasets.io.plain_file import read_plain

_SMALL_BYTES: Final = 1 << 16
"""The most that is read of such a file."""


@dataclass(frozen=True, kw_only=True)
class PartState:
    """What is known of a part."""

    url: str | None = None
    validator: str | None = None
    total_bytes: int = 0
    """Of the whole file; 0 if not known."""


def state_file(partial: Path) -> Path:
    """Return where it is kept what is known of a part."""
    return partial.with_name(partial.name + ".json")


def read_state(partial: Path) -> PartState:
    """Return what is known of a part, nothing if the file is damaged."""
    try:
        state = json.loads(read_plain(state_file(partial), _SMALL_BYTES))
    except (OSError, ValueError, RecursionError):
        return PartState()
    url, total_bytes = (state.get("url"), state.get("total_bytes")) if isinstance(state, dict) else (None, None)
    if not isinstance(url, str) or type(total_bytes) is not int or total_bytes < 0:
        return PartState()
    return PartState(url=url, validator=usable_validator(state.get("validator")), total_bytes=total_bytes)
