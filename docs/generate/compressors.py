"""The page of all compressors and their options, as their dataclasses declare them."""

from __future__ import annotations

from generate.tables import code, shown, table
from rsbench.compressors import COMPRESSORS


def page() -> str:
    """Return the page in Markdown."""
    parts = [
        "# Compressors\n",
        "Every compressor with its source and options. Write options after a colon:"
        " `--compressor rsdgc:alpha=0.5,policy=uniform`. This page is made from the compressors themselves.\n",
    ]
    for name, compressor in COMPRESSORS.items():
        parts.append(f"## `{name}`\n")
        parts.append(f"{shown(compressor.doc())}\n\nSource: {shown(compressor.source)}\n")
        rows = [
            (code(option.name), code(str(option.default)), f"{option.type.__name__}: {option.allowed}", option.help)
            for option in compressor.options()
        ]
        parts.append(table(("Option", "Default", "Values", "Meaning"), rows) if rows else "It has no options.\n")
    return "\n".join(parts)
