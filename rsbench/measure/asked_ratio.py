"""The compression ratio that was asked for beside the one that was sent, and when they count as the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rsbench import units

TOLERANCE: Final = 0.01
"""Largest relative difference between asked and sent ratio that needs no word."""
_COUNTED: Final = {"payload": "compression_ratio", "wire": "wire_ratio"}
"""What ``match`` counts -> its field in a record's ``traffic``; ``density`` promises no ratio."""


def sent_ratio(cell: Mapping[str, Any], traffic: Mapping[str, Any]) -> float | None:
    """Return the sent ratio that a cell's ``ratio`` is about; None where none was asked or sent."""
    field = _COUNTED.get(cell.get("match") or "payload")
    if not cell["ratio"] or field is None:
        return None
    ratio: float | None = traffic[field]
    return ratio


def difference(asked: float, sent: float) -> float:
    """Return the relative difference, above 0 where less was sent than asked for."""
    return sent / asked - 1


def miss_text(cell: Mapping[str, Any], traffic: Mapping[str, Any]) -> str:
    """Return ``asked 500x, sent 524x (+4.8 %)`` for a cell that missed its ratio, empty text for all others."""
    asked, sent = cell["ratio"], sent_ratio(cell, traffic)
    if sent is None or abs(difference(asked, sent)) <= TOLERANCE:
        return ""
    return f"asked {asked:g}x, sent {units.ratio_text(sent, 4)} ({100 * difference(asked, sent):+.1f} %)"
