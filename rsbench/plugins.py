"""Compressors and data sets from other packages, through entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TypeVar

from rsbench.errors import RsbenchError

Class = TypeVar("Class")


def table_with_plugins(group: str, table: dict[str, type[Class]]) -> dict[str, type[Class]]:
    """Return our table with the classes that other installed packages offer.

    Args:
        group: entry-point group, ``rsbench.compressors`` or ``rsbench.datasets``.
        table: our own classes by name.

    Raises:
        RsbenchError: a plug-in takes one of our names, or cannot be imported.
    """
    full = dict(table)
    for entry in entry_points(group=group):
        owner = entry.dist.name if entry.dist else "another package"
        if entry.name in full:
            raise RsbenchError(f"{owner} offers {entry.name!r} in {group}, a name that is taken; rename it there.")
        try:
            full[entry.name] = entry.load()
        except Exception as error:
            raise RsbenchError(
                f"{entry.name!r} of {owner} ({group}) cannot be imported: {error}; mend or uninstall that package."
            ) from error
    return full
