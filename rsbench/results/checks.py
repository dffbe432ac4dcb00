"""Checks of the values in a record: their type, and the range that their meaning allows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from rsbench.errors import RsbenchError
from rsbench.metrics import Detail
from rsbench.recipe.prune import parse_prune

LARGEST: Final = 1e300
"""A float beyond it would be infinite in the next sum."""
MOST: Final = 2**63 - 1
"""The largest count; what is beyond it is no number of bytes or samples."""
_ROUNDING: Final = 1e-9
"""By which a fraction may miss its range."""

Check = Callable[[Any], str | None]
"""A function that returns what the value must be when it is not that, else None."""


def _fits(kind: type, kinds: tuple[type, ...]) -> bool:
    """Return whether a type is one of some, or derived from one, as NumPy's float is (True is no integer here)."""
    return kind in kinds or (issubclass(kind, kinds) and kind is not bool)


def _all_fit(values: Iterable[Any], kinds: tuple[type, ...]) -> bool:
    """Return whether all values are of some types; each type that occurs is looked at once, which is fast."""
    return all(_fits(kind, kinds) for kind in set(map(type, values)))


def is_of(*kinds: type, words: str, nullable: bool = False) -> Check:
    """Return a check that a value is of one of some types."""
    allowed = (*kinds, type(None)) if nullable else kinds
    wanted = words + (" or null" if nullable else "")
    return lambda value: None if _fits(type(value), allowed) else wanted


def list_of(*kinds: type, words: str) -> Check:
    """Return a check that a value is a list whose items are of some types (or null)."""
    allowed = (*kinds, type(None))
    return lambda value: None if isinstance(value, list) and _all_fit(value, allowed) else f"a list of {words}"


def _within(value: float, least: float, most: float) -> bool:
    """Return whether a number lies between two others, which an undefined one does not."""
    return least - _ROUNDING <= value <= most + _ROUNDING


def number(least: float = -LARGEST, most: float = LARGEST, *, nullable: bool = True) -> Check:
    """Return a check for a number between two others, or null."""
    kind = is_of(int, float, words="a number", nullable=nullable)
    wanted = f"a number {_range_text(least, most)}{' or null' if nullable else ''}"
    return lambda value: kind(value) or (None if value is None or _within(value, least, most) else wanted)


def count(least: int = 0, *, nullable: bool = False) -> Check:
    """Return a check for an integer that is not below another one."""
    kind = is_of(int, words="an integer", nullable=nullable)
    wanted = f"an integer {_range_text(least, MOST)}{' or null' if nullable else ''}"
    return lambda value: kind(value) or (None if value is None or _within(value, least, MOST) else wanted)


def _range_text(least: float, most: float) -> str:
    """Return ``of at least 0``, ``from -1 to 1``, or how large it may be."""
    if most < MOST:
        return f"from {least:g} to {most:g}"
    return f"of at least {least:g} that is not too large" if least > -LARGEST else "that is not too large"


def object_with(fields: Mapping[str, Check]) -> Check:
    """Return a check for an object with some fields, each of which passes its own check."""

    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return "an object"
        wanted = {name: "there" if name not in value else of_field(value[name]) for name, of_field in fields.items()}
        return next((f"an object whose {name} is {words}" for name, words in wanted.items() if words), None)

    return check


def map_to(least: float, most: float, words: str) -> Check:
    """Return a check for an object whose values are numbers between two others, or null."""
    wanted = f"an object of {words}"
    return lambda value: None if isinstance(value, dict) and _all_within(value.values(), least, most) else wanted


def numbers_within(least: float, most: float) -> Check:
    """Return a check for a list of numbers (or null) between two others."""
    wanted = f"a list of numbers {_range_text(least, most)}"
    return lambda value: None if isinstance(value, list) and _all_within(value, least, most) else wanted


def pairs(value: Any) -> str | None:
    """Return None for a list of pairs of fractions, else what is wanted."""
    fits = isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and _all_within(pair, 0, 1) for pair in value
    )
    return None if fits else "a list of pairs of numbers from 0 to 1"


def fractions_by_name(value: Any) -> str | None:
    """Return None for an object of objects of fractions or nulls, such as a detector's areas, else what is wanted."""
    check = map_to(0, 1, "numbers from 0 to 1")
    fits = isinstance(value, dict) and all(check(one) is None for one in value.values())
    return None if fits else "an object of objects of numbers from 0 to 1"


def matrix_of_counts(value: Any) -> str | None:
    """Return None for a list of lists of integers, else what is wanted."""
    fits = isinstance(value, list) and all(
        isinstance(row, list) and _all_fit(row, (int,)) and _all_within(row, 0, MOST) for row in value
    )
    return None if fits else "a list of lists of counts"


DETAILS: Final[Mapping[Detail, Check]] = {
    "number": number(),
    "numbers": numbers_within(-1, 1),
    "pairs": pairs,
    "lists of counts": matrix_of_counts,
    "fractions by name": fractions_by_name,
}
"""What a task's test has beside its metrics (:attr:`rsbench.metrics.TaskFacts.details`)."""


def pruning(value: Any) -> str | None:
    """Return None for null, or for a text of ``--prune``."""
    wanted = "a text of --prune, or null"
    if value is not None and not isinstance(value, str):
        return wanted
    try:
        parse_prune(value)
    except RsbenchError:
        return wanted
    return None


def partition(value: Any) -> str | None:
    """Return None for null, or for a text with as many counts for each client and a modality for each or none."""
    wanted = "an object of a text and as many counts for each client, or null"
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return wanted
    clients, names = value.get("clients"), value.get("modalities", [])
    if not clients or matrix_of_counts(clients) or len(set(map(len, clients))) != 1:
        return wanted
    fits = isinstance(names, list) and _all_fit(names, (str,)) and len(names) in (0, len(clients))
    return None if fits else wanted


def _all_within(values: Collection[Any], least: float, most: float) -> bool:
    """Return whether all values are numbers between two others, or None."""
    if not _all_fit(values, (int, float, type(None))):
        return False
    numbers = [value for value in values if value is not None]
    return not numbers or (_within(min(numbers), least, most) and _within(max(numbers), least, most))


def check_fields(
    section: Any, fields: Mapping[str, Check], prefix: str, *, maybe: Mapping[str, Check] | None = None
) -> None:
    """Check one object's fields, in order.

    Args:
        section: of a record.
        fields: that it must have.
        prefix: what leads to the section within the record, such as ``traffic.``.
        maybe: fields that it may have, too.

    Raises:
        RsbenchError: names the first field that is missing or wrong.
    """
    if not isinstance(section, dict):
        where = f'the field "{prefix.rstrip(".")}"' if prefix else "the file"
        raise RsbenchError(f"{where} must hold an object")
    there = {name: wanted for name, wanted in (maybe or {}).items() if name in section}
    for name, field_check in {**fields, **there}.items():
        if name not in section:
            raise RsbenchError(f'the field "{prefix}{name}" is missing')
        wanted = field_check(section[name])
        if wanted is not None:
            shown = repr(section[name])
            shown = shown if len(shown) <= 40 else shown[:37] + "..."
            raise RsbenchError(f'the field "{prefix}{name}" is {shown} but must be {wanted}')
