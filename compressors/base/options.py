"""Options of a compressor: dataclass fields that know their range, help text and spelling on the command line."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from rsbench.errors import RsbenchError, did_you_mean

_MOST: Final = 2**53
"""Largest magnitude of a number; beyond it a float is no whole number any more."""
_LONGEST: Final = 200
"""Characters of a value in a text."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """What ``rsbench list compressors -v`` says about one option.

    Attributes:
        name: the key on the command line and the keyword in Python.
        type: ``float``, ``int``, ``bool`` or ``str``.
        default: value when the option is not given.
        allowed: the range or the choices, as text.
        help: one line.
    """

    name: str
    type: type
    default: Any
    allowed: str
    help: str


def option(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare an option of a compressor; use it as the default of a dataclass field.

    Args:
        default: value when not given; its type is the option's type.
        help: one line for ``rsbench list compressors -v``.
        low: smallest value allowed.
        high: largest value allowed.
        low_open: ``low`` itself is not allowed.
        choices: the allowed words of a text option.
    """
    metadata = {"help": help, "low": low, "high": high, "low_open": low_open, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


def _kind(field: dataclasses.Field[Any]) -> type[Any]:
    """Return an option's type, that of its default."""
    kind: type[Any] = type(field.default)
    return kind


def _allowed(field: dataclasses.Field[Any]) -> str:
    meta = field.metadata
    if meta["choices"]:
        return "|".join(meta["choices"])
    if isinstance(field.default, bool):
        return "true|false"
    low, high = meta["low"], meta["high"]
    if low is not None and high is not None:
        return f"{low:g} {'<' if meta['low_open'] else '<='} x <= {high:g}"
    if low is not None:
        return f"x {'>' if meta['low_open'] else '>='} {low:g}"
    return "any"


def describe(cls: type[Any]) -> list[Option]:
    """Return the options that the dataclass ``cls`` declares, in order."""
    return [
        Option(
            name=field.name,
            type=_kind(field),
            default=field.default,
            allowed=_allowed(field),
            help=field.metadata["help"],
        )
        for field in dataclasses.fields(cls)
    ]


def validate(owner: str, field: dataclasses.Field[Any], value: Any) -> Any:
    """Return ``value`` in the option's type.

    Args:
        owner: the compressor's name, for the sentence.
        field: made by :func:`option`.
        value: what the caller gave.

    Raises:
        RsbenchError: wrong type, out of range, or not one of the choices.
    """
    meta, kind = field.metadata, _kind(field)
    where = f"{owner}: {field.name}={value}"
    if meta["choices"]:
        if value not in meta["choices"]:
            raise RsbenchError(f"{where} is not one of its choices.{did_you_mean(str(value), meta['choices'])}")
        return value
    if kind is bool:
        if not isinstance(value, bool):
            raise RsbenchError(f"{where} must be true or false.")
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    number_ok = is_number and abs(value) <= _MOST  # which nan is not
    if not number_ok or (kind is int and int(value) != value):
        raise RsbenchError(
            f"{where} must be {'a whole number' if kind is int else 'a number'} of at most 2^53 in size."
        )
    low, high = meta["low"], meta["high"]
    too_low = low is not None and (value <= low if meta["low_open"] else value < low)
    if too_low or (high is not None and value > high):
        raise RsbenchError(f"{where} is out of range; allowed: {_allowed(field)}.")
    return kind(value)


def read(owner: str, field: dataclasses.Field[Any], text: str) -> Any:
    """Read an option's value from command-line text; validation follows in the constructor.

    Raises:
        RsbenchError: the text cannot be read as the option's type.
    """
    kind = _kind(field)
    if len(text) > _LONGEST:
        raise RsbenchError(f"{owner}: {field.name} has a value of {len(text):,} characters; no option needs as many.")
    if kind is str:
        return text
    if kind is bool:
        words = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
        if text.lower() in words:
            return words[text.lower()]
        raise RsbenchError(f"{owner}: {field.name}={text} must be true or false.")
    try:
        return float(text) if kind is float else int(text)
    except ValueError:
        noun = "a number" if kind is float else "a whole number"
        raise RsbenchError(f"{owner}: {field.name}={text} must be {noun}.") from None


def write(value: Any) -> str:
    """Return an option's value as command-line text (the inverse of :func:`read`)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
