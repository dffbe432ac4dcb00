"""Modules of own models in this process: two models of different folders may have files of one name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsbench.models.origin import Origin


@dataclass(frozen=True, kw_only=True)
class _Entered:
    """A model whose modules were imported from its folder.

    Attributes:
        origin: of the model.
        before: names of the modules that were there before.
    """

    origin: Origin
    before: frozenset[str]


_entered: Final[dict[tuple[Path, str], _Entered]] = {}
"""By folder and module; all are of one folder."""
_added: Final[set[str]] = set()
"""What was added to the module search path."""


def enter(origin: Origin) -> None:
    """Let modules be imported from a model's folder; those of earlier models from other folders are forgotten."""
    for entered in [one for one in _entered.values() if one.origin.root != origin.root]:
        _leave(entered)
    if str(origin.root) not in sys.path:
        sys.path.insert(0, str(origin.root))
        _added.add(str(origin.root))
    name = (origin.root, origin.module)
    if name not in _entered and origin.distribution is None:
        _entered[name] = _Entered(origin=origin, before=frozenset(sys.modules))


def _leave(entered: _Entered) -> None:
    """Forget a model's modules and its folder."""
    origin = entered.origin
    del _entered[origin.root, origin.module]
    files = set(origin.files)
    folders = {folder for file in files for folder in file.parents if folder.is_relative_to(origin.root)}
    own = files | folders - {origin.root}
    for name in [name for name in sys.modules if name not in entered.before and own.intersection(_places(name))]:
        del sys.modules[name]
    if str(origin.root) in _added:
        _added.remove(str(origin.root))
        with suppress(ValueError):  # own code may have changed the path
            sys.path.remove(str(origin.root))


def _places(name: str) -> Iterator[Path]:
    """Yield the file of a module, or the folders of a package without ``__init__.py``."""
    facts = getattr(sys.modules[name], "__dict__", {})  # torch.classes makes up whatever attribute it is asked for
    file, folders = facts.get("__file__"), facts.get("__path__")
    if isinstance(file, str):
        yield Path(file)
    elif folders is not None:
        yield from map(Path, folders)
