"""Options that take a list: commas, repetition, or both."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from rsbench.recipe.items import split_items

_DECIMALS: Final = re.compile(r"0[0-9]{1,17}")
"""What follows ``0,`` where somebody writes fractions with a comma."""


class Ratio(click.ParamType):  # type: ignore[type-arg]  # generic in new releases only
    """A number that may be written as tables have it: ``50`` or ``50x``."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        is_text = isinstance(value, str) and value[:1].isdecimal()
        return float(click.FLOAT.convert(value.removesuffix("x") if is_text else value, param, ctx))


class ListOption(click.Option):
    """An option that takes a list, by commas, by repetition, or by both.

    Args:
        parameters: as :class:`click.Option` takes them.
        more: as :class:`click.Option` takes them; ``multiple`` is set.
    """

    def __init__(self, *parameters: Any, **more: Any) -> None:
        super().__init__(*parameters, **{**more, "multiple": True})

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the environment variable's text as one list."""
        text = self.resolve_envvar_value(ctx)
        return None if text is None else (text,)

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Split the texts at commas and convert each item.

        Raises:
            click.BadParameter: an item is empty or of the wrong kind; the message says which.
        """
        texts = value or ()
        if "" in texts:
            raise click.UsageError(f"{self.opts[0]} is empty: give a value, or leave it out.", ctx)
        try:
            items = [item for text in texts for item in (split_items(text) if isinstance(text, str) else [text])]
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, self) from error
        return tuple(self._converted(ctx, items, place) for place in range(len(items)))

    def _converted(self, ctx: click.Context, items: Sequence[Any], place: int) -> Any:
        is_number = self.type is click.FLOAT or isinstance(self.type, Ratio)
        if is_number and place > 0 and items[place - 1] == "0" and _DECIMALS.fullmatch(items[place]):
            raise click.BadParameter(
                f"a comma separates values: write 0.{items[place]} for a fraction, or 0,{int(items[place])}.", ctx, self
            )
        try:
            return self.type(items[place], self, ctx)
        except click.BadParameter as error:
            where = f"item {place + 1} of {len(items)}: " if len(items) > 1 else ""
            raise click.BadParameter(f"{where}{error.message}", ctx, self) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """Complete the last item; a function that knows options after colons does so itself."""
        if self._custom_shell_complete is not None:
            return super().shell_complete(ctx, incomplete)
        done, comma, item = incomplete.rpartition(",")
        found = super().shell_complete(ctx, item)
        for each in found:
            each.value = f"{done}{comma}{each.value}"
        return found


class OneOption(ListOption):
    """The same option where a command takes one value; a list is refused with the command that takes it."""

    def __init__(self, *parameters: Any, default: Any = None, **more: Any) -> None:
        super().__init__(*parameters, **more, **({} if default is None else {"default": (default,)}))

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the value as the sole item of a list.

        Raises:
            click.BadParameter: there are several.
        """
        found = super().type_cast_value(ctx, value)
        if len(found) > 1:
            raise click.BadParameter(
                f"{ctx.info_name} takes one value, not {len(found)}; rsbench compare takes several.", ctx, self
            )
        return found

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the value, None where nothing was given."""
        found = super().process_value(ctx, value)
        return found[0] if found else None


def list_option(*names: str, **more: Any) -> Callable[[Any], Any]:
    """Return :func:`click.option` for a list."""
    return click.option(*names, cls=ListOption, **more)


def one_option(*names: str, **more: Any) -> Callable[[Any], Any]:
    """Return :func:`click.option` for the one value of an option that is a list elsewhere."""
    return click.option(*names, cls=OneOption, **more)


def joined(ctx: click.Context, option: click.Parameter, items: Sequence[str]) -> str:
    """Return the items of a list as one text, for readers that split it themselves."""
    return ",".join(items)
