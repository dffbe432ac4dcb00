"""The repository's address, and links of pages to files that are no pages."""

from __future__ import annotations

import posixpath
import re
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_LINK: Final = re.compile(r"(?<=\]\()(?P<path>\.\./[^)#\s]*)")
"""The address in a Markdown link that begins with ``../``."""


def repository() -> str:
    """Return the address of the repository, which ``pyproject.toml`` alone names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address: str = project["urls"]["Repository"]
    return address


def with_addresses(markdown: str, page: str) -> str:
    """Return a page whose links to files outside of ``docs/`` lead to the repository.

    Args:
        markdown: text of the page.
        page: its path below ``docs/``.
    """
    folder = posixpath.dirname(f"docs/{page}")

    def address(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, found["path"]))
        return found["path"] if path.startswith("docs/") else f"{repository()}/blob/main/{path}"

    return _LINK.sub(address, markdown)
