"""What mkdocs calls while it builds the site: pages that are made from the program, and links to the repository."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from generate import columns, commands, compressors, decisions, links  # noqa: E402 - this folder is on the path by now

PAGES: Final[dict[str, Callable[[], str]]] = {
    "reference/columns.md": columns.page,
    "reference/commands.md": commands.page,
    "reference/compressors.md": compressors.page,
    "reference/decisions.md": decisions.page,
}
"""Path below ``docs/`` -> what writes the page."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the repository's address into the footer."""
    config.extra["social"] = [{"icon": "fontawesome/brands/git-alt", "link": links.repository(), "name": "Repository"}]
    return config


def on_files(files: Files, /, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    for path, page in PAGES.items():
        files.append(File.generated(config, path, content=page()))
    return files


def on_page_markdown(markdown: str, /, *, page: Any, **_: object) -> str:
    """Lead links to files outside of the site to the repository."""
    return links.with_addresses(markdown, page.file.src_uri)


def on_page_content(html: str, /, **_: object) -> str:
    """Show references of docstrings (``:class:`X```, ``example::``) as code and colons."""
    return re.sub(r"::</p>", ":</p>", re.sub(r":(?:attr|class|data|func|meth|mod):(?=<code>)", "", html))
