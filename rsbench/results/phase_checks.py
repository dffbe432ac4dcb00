"""Checks of what a record says of its cell's phases, and of the training samples that were kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rsbench.results.checks import Check, check_fields, count, is_of, list_of, number

_COUNT: Final = count()
_TEXT: Final = is_of(str, words="text")
_PHASE: Final[Mapping[str, Check]] = {
    "name": _TEXT,
    **dict.fromkeys(("samples", "epochs", "steps"), count(1)),
    **dict.fromkeys(("payload_bytes_total", "dense_bytes_total", "buffer_bytes", "score_bytes"), _COUNT),
    **dict.fromkeys(("wire_bytes_total", "train_s"), number(0, nullable=False)),
}
"""What one of several phases took."""
_SELECTION: Final[Mapping[str, Check]] = {
    **dict.fromkeys(("text", "positions_sha256"), _TEXT),
    **dict.fromkeys(("kept", "of"), count(1)),
    **dict.fromkeys(("kept_per_class", "all_per_class"), list_of(int, words="counts")),
    "score_bytes": _COUNT,
}
"""Which training samples were kept."""


def check_phases(record: Mapping[str, Any]) -> None:
    """Check the sections ``phases`` and ``selection``; most records have neither.

    Raises:
        RsbenchError: names the first field that is missing or wrong.
    """
    if record.get("phases") is not None:
        check_fields({"phases": record["phases"]}, {"phases": list_of(dict, words="objects")}, "")
        for index, phase in enumerate(record["phases"]):
            check_fields(phase, _PHASE, f"phases[{index}].")
    if record.get("selection") is not None:
        check_fields(record["selection"], _SELECTION, "selection.")
