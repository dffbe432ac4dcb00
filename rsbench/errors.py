"""The exceptions that a user is meant to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RsbenchError(Exception):
    """A mistake the user can mend: one sentence that says what is wrong, where, and what to do.

    The command line prints it without a traceback and exits with code 2.
    """


class NotFiniteError(RsbenchError):
    """A loss or a gradient that became inf or nan.

    Args:
        what: happened, without a full stop.
        remedy: for training that diverged on sound inputs, a whole sentence.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what


class NodeLostError(RsbenchError):
    """Node 0 has ended, or was started again: what it said before does not hold any more."""


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return ``' Did you mean "dgc"?'`` for a near miss, else the list of what there is.

    Args:
        name: what the user typed.
        choices: the names that exist.

    Returns:
        A sentence that starts with a space, ready to be appended to an error.
    """
    known = sorted(choices)
    close = closest(name, known)
    return f' Did you mean "{close}"?' if close else f" Known: {', '.join(known)}."


def closest(name: str, choices: Iterable[str]) -> str:
    """Return the choice that a user most likely meant, empty where none is near."""
    known = list(choices)
    spellings = dict.fromkeys((name, name.lower()))
    return next((near for each in spellings for near in difflib.get_close_matches(each, known, n=1, cutoff=0.5)), "")
