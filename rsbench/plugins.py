"""Compressors and data sets from other packages, through entry points; one that is broken spoils nothing else."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from rsbench.errors import RsbenchError

Class = TypeVar("Class")

_log = logging.getLogger(__name__)
_broken: dict[tuple[str, str], str] = {}
"""(group, name) -> what is wrong with that plug-in, in one sentence."""


def table_with_plugins(group: str, table: dict[str, type[Class]], base: type) -> dict[str, type[Class]]:
    """Return our table with the classes that other installed packages offer.

    A plug-in that cannot be loaded, is no class of the right kind or takes a name that is taken is left out and named
    in one warning of the logger ``rsbench.plugins``; :func:`refuse_broken` says the same to whoever asks for it.

    Args:
        group: entry-point group, ``rsbench.compressors`` or ``rsbench.datasets``.
        table: our own classes by name.
        base: what a plug-in's class must be derived from.
    """
    full = dict(table)
    for entry in _entries(group):
        fault = _load(entry, full, base)
        if fault:
            owner = entry.dist.name if entry.dist else "another package"
            _tell(group, entry.name, f"{entry.name!r} of {owner} ({group}) is left out: {fault}.")
    return full


def refuse_broken(group: str, name: str) -> None:
    """Do nothing unless a plug-in of that name was left out.

    Raises:
        RsbenchError: it was; the sentence says why.
    """
    if (group, name) in _broken:
        raise RsbenchError(f"{_broken[group, name]} Mend, update or uninstall that package.")


def _entries(group: str) -> Iterable[EntryPoint]:
    try:
        return entry_points(group=group)
    except Exception as error:  # metadata of any installed package may be damaged
        _tell(group, "", f"Plug-ins ({group}) cannot be listed: {_words(error)}.")
        return ()


def _load(entry: EntryPoint, full: dict[str, type[Class]], base: type) -> str:
    """Put a plug-in into the table, or return what is wrong with it; it is made once without options."""
    try:
        found = entry.load()
        fault = _fault(found, base) or _name_fault(found, entry.name, full)
    except (Exception, SystemExit) as error:  # a plug-in's code may do anything
        return _words(error)
    if not fault:
        full[entry.name] = found
    return fault


def _fault(found: object, base: type) -> str:
    """Return why an object does not do as a plug-in; nothing where it does."""
    if not isinstance(found, type):
        return f"it is no class but of type {type(found).__name__}"
    if not issubclass(found, base):
        return f"it is no subclass of rsbench's {base.__name__}"
    found()
    missing = [fact for fact in _facts(found) if not hasattr(found, fact)]
    return f"its class says nothing of {', '.join(missing)}" if missing else ""


def _name_fault(found: Any, name: str, full: Container[str]) -> str:
    """Return why a plug-in cannot have a name: it is taken, or nothing would be found under the one its class says."""
    if name in full:
        return "its name is taken"
    known = found.name == name or found.name in full
    return "" if known else f"its class calls itself {_plain(repr(found.name))}"


def _facts(kind: type) -> list[str]:
    """Return the class attributes that a class and those above it declare."""
    declared = [vars(cls).get("__annotations__", {}) for cls in kind.__mro__]
    return list(dict.fromkeys(name for each in declared for name, of in each.items() if "ClassVar" in str(of)))


def _words(error: BaseException) -> str:
    """Return an exception in one line."""
    return _plain(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _plain(text: str) -> str:
    """Return a text's first line, control characters spelt out, at most 200 characters of it."""
    line = (text.splitlines() or [""])[0][:200].rstrip(".")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _tell(group: str, name: str, sentence: str) -> None:
    """Warn of a broken plug-in, once in a process."""
    if _broken.get((group, name)) != sentence:
        _broken[group, name] = sentence
        _log.warning("rsbench: %s", sentence)
