"""The options that follow a change network's name: ``ar-cdnet:width=32``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.recipe.model_text import ModelText

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


def read_options(text: ModelText, options: Mapping[str, Option]) -> dict[str, int | str | float]:
    """Return the value of each option of a network: what the text gives, else its default.

    Args:
        text: of the model.
        options: by name.

    Raises:
        RsbenchError: the network has no such option, or the option does not take that value.
    """
    values: dict[str, int | str | float] = {name: option.default for name, option in options.items()}
    for name, given in text.parameters:
        if name not in options:
            hint = did_you_mean(name, options) if options else " It has no options."
            raise RsbenchError(f'The model {text.name} has no option "{name}".{hint}')
        value = options[name].read(given)
        if value is None:
            raise RsbenchError(f'{text.name}: {name} is "{given}", but must be {options[name].words}.')
        values[name] = value
    return values
