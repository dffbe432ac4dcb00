"""What workers do before their first step, in words for the user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

STARTING: Final = "starting workers"
_NOT_STARTED: Final = "start its process"
_WORDS: Final = {
    _NOT_STARTED: STARTING,
    "begin the cell": "beginning the cell",
    "join the other ranks": "connecting workers",
    "load its data": "reading data",
    "build the network": "building the network",
    "compare with the other ranks": "comparing settings",
    "prepare the exchange": "preparing the exchange",
    "compile loops": "compiling loops",
    "look for a checkpoint": "looking for a checkpoint",
    "rehearse a step": "repeating the first step",
    "load the batch of step 1": "first step",
    "compute step 1": "first step",
    "compute and exchange step 1": "first step",
}
"""What a rank's heartbeat says it is about to do -> the phase, in the order in which they come."""
_ORDER: Final = {where: number for number, where in enumerate(_WORDS)}


def starting_words(places: Sequence[str]) -> str:
    """Return the phase of the slowest worker, such as ``starting workers 1/2`` or ``reading data``.

    Args:
        places: what each rank's heartbeat says it is about to do; empty before workers are ordered.
    """
    if not places:
        return STARTING
    started = sum(place != _NOT_STARTED for place in places)
    if started < len(places):
        return f"{STARTING} {started}/{len(places)}"
    return _WORDS.get(min(places, key=lambda place: _ORDER.get(place, len(_ORDER))), "starting")
