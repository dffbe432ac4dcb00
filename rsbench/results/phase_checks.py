"""Checks of what a record says of its cell's phases, and of the training samples that were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rsbench.errors import RsbenchError
from rsbench.recipe.prune import parse_prune
from rsbench.results.checks import Check, check_fields, count, is_of, list_of, number

_COUNT: Final = count()


def _counts(values: Any) -> str | None:
    """Return what values must be when they are not a list of counts, else None."""
    is_list = isinstance(values, list) and not any(_COUNT(value) for value in values)
    return None if is_list else "a list of counts"


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
    **dict.fromkeys(("kept_per_class", "all_per_class"), _counts),
    "score_bytes": _COUNT,
}
"""Which training samples were kept."""
SCORING: Final = "score"
"""Name of the phase that scores."""


def check_phases(record: Mapping[str, Any]) -> None:
    """Check the sections ``phases`` and ``selection``; most records have neither.

    Raises:
        RsbenchError: names the first field that is missing or wrong.
    """
    phases, selection = record.get("phases"), record.get("selection")
    if phases is not None:
        check_fields({"phases": phases}, {"phases": list_of(dict, words="objects")}, "")
        if not phases:
            raise RsbenchError('the field "phases" is empty')
        for index, phase in enumerate(phases):
            check_fields(phase, _PHASE, f"phases[{index}].")
    if selection is not None:
        check_fields(selection, _SELECTION, "selection.")
        _check_selection(selection, record["cell"].get("prune"), [phase["name"] for phase in phases or ()])


def _check_selection(selection: Mapping[str, Any], prune: str | None, phases: Sequence[str]) -> None:
    """Check what a selection says against the cell and its phases.

    Args:
        selection: whose fields are of the right types.
        prune: the cell's, which is understood.
        phases: their names.

    Raises:
        RsbenchError: they contradict each other.
    """
    if selection["kept"] > selection["of"]:
        raise RsbenchError('the field "selection.kept" is more than "selection.of"')
    if selection["text"] != parse_prune(prune).text:
        raise RsbenchError('the field "selection.text" is not what "cell.prune" says')
    if parse_prune(prune).scores and SCORING not in phases:
        raise RsbenchError(f'the field "phases" has no phase "{SCORING}" although "cell.prune" scores')
