"""The page that lists all decisions."""

from __future__ import annotations

from generate.links import ROOT


def page() -> str:
    """Return the page in Markdown."""
    lines = ["# Decisions\n", "Why things are as they are: one short note for each choice.\n"]
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        lines.append(f"- [{path.stem[:4]}: {title.removeprefix(f'{path.stem[:4]}: ')}](../decisions/{path.name})")
    return "\n".join(lines) + "\n"
