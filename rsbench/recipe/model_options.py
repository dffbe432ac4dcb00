"""The options that follow a model's name, ``ar-cdnet:width=32``: their kinds, and how they are read. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rsbench.errors import RsbenchError, closest, did_you_mean

_KEY: Final = re.compile(r"[^\W\d]\w*")
_SHARE: Final = re.compile(r"0(\.[0-9]{0,8}[1-9])?")
"""Each share has one spelling, so that a network has one text."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """An option that takes a whole number.

    Attributes:
        default: the published value.
        least: the smallest value that is taken.
        most: the largest.
    """

    default: int
    least: int
    most: int

    def read(self, value: str) -> int | None:
        """Return the number that a text says; None where it says none that is taken."""
        sound = value.isascii() and value.isdigit() and len(value) <= 9 and self.least <= int(value) <= self.most
        return int(value) if sound else None

    @property
    def words(self) -> str:
        """What is taken, in words."""
        return f"a whole number from {self.least} to {self.most}"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option that takes one of a few words.

    Attributes:
        default: the published one.
        values: all that are taken.
    """

    default: str
    values: tuple[str, ...]

    def read(self, value: str) -> str | None:
        """Return the word; None where it is not one of those that are taken."""
        return value if value in self.values else None

    @property
    def words(self) -> str:
        """What is taken, in words."""
        return f"one of {', '.join(self.values)}"


@dataclass(frozen=True, kw_only=True)
class Share:
    """An option that takes a share of a whole.

    Attributes:
        default: the published value.
        most: the largest that is taken.
    """

    default: float
    most: float

    def read(self, value: str) -> float | None:
        """Return the share that a text says; None where it says none, or not in its shortest decimal form."""
        sound = _SHARE.fullmatch(value) is not None and float(value) <= self.most
        return float(value) if sound else None

    @property
    def words(self) -> str:
        """What is taken, in words."""
        return f"a share from 0 to {self.most:g}, written as 0 or {self.default:g}"


Option = Whole | Choice | Share


def read_pairs(text: str, options: str, form: str) -> dict[str, str]:
    """Return the keywords and values of ``width=32,depth=4``.

    Args:
        text: of the whole model, for the sentence.
        options: what follows its name.
        form: how options are written, for the sentence.

    Raises:
        RsbenchError: a pair is not ``key=value``, or a key is there twice.
    """
    values: dict[str, str] = {}
    for pair in filter(None, options.split(",")):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not _KEY.fullmatch(key) or not value:
            raise RsbenchError(f'The model "{text}": "{pair.strip()}" is not key=value; write {form}.')
        if key in values:
            raise RsbenchError(f'The model "{text}" gives {key} twice; give it once.')
        values[key] = value
    return values


def read_options(model: str, given: Mapping[str, str], options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the value of each option of a model: what is given, else its default.

    Args:
        model: its name, for the sentence.
        given: option -> value as text.
        options: by name.

    Raises:
        RsbenchError: the model has no such option, or the option does not take that value.
    """
    values = {name: option.default for name, option in options.items()}
    for name, text in given.items():
        if name not in options:
            hint = did_you_mean(name, options) if options else " It has no options."
            raise RsbenchError(f'The model {model} has no option "{name}".{hint}')
        option = options[name]
        value = option.read(text)
        if value is None:
            near = closest(text, option.values) if isinstance(option, Choice) else ""
            hint = f' Did you mean "{near}"?' if near else ""
            raise RsbenchError(f'{model}: {name} is "{text}", but must be {option.words}.{hint}')
        values[name] = value
    return values
