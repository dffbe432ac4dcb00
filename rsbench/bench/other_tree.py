"""Another tree of rsbench, an older commit's say, whose compressors run in this one's benchmark."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

from rsbench.errors import RsbenchError
from rsbench.results import provenance

_VERSION = re.compile(r"""^__version__(?:: \w+)? = ["']([\w.+-]+)["']""", re.MULTILINE)


def check_tree(path: Path) -> Path:
    """Return the whole path of a source tree or of a folder of installed packages.

    Raises:
        RsbenchError: there is no rsbench in it.
    """
    if not (path / "rsbench" / "compressors" / "__init__.py").is_file():
        raise RsbenchError(
            f"--against {path} holds no rsbench: give the root of a source tree, or the site-packages of an "
            "installation."
        )
    return path.resolve()


def name_of_tree(path: Path) -> str:
    """Return what rows call a tree: its commit, else its version."""
    commit, dirty = provenance.git_state_of(path)
    if commit is not None:
        return f"{commit[:7]}{' with changes' if dirty else ''}"
    found = _VERSION.search((path / "rsbench" / "__init__.py").read_text(encoding="utf-8"))
    return found[1] if found else path.name


def use_tree(path: str) -> None:
    """Let ``rsbench`` be another tree's in this process from here on; modules that are in use go on as they are.

    Args:
        path: its root; empty for the tree that this process began with.

    Raises:
        RsbenchError: something else was imported.
    """
    if not path or sys.path[0] == path:
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "rsbench"]:
        del sys.modules[name]
    sys.path.insert(0, path)
    importlib.invalidate_caches()
    imported = Path(str(importlib.import_module("rsbench").__file__)).resolve()
    if not imported.is_relative_to(Path(path)):
        raise RsbenchError(f"rsbench was imported from {imported}, not from {path}.")
