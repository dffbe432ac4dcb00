"""Make the README's table and pictures from a results folder.

    rsbench compare
    python docs/pictures/make.py rsbench-results

It needs Chromium (``chromium``, ``chromium-browser`` or ``google-chrome``) for the picture of the page.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE: Final = Path(__file__).parent
README: Final = HERE.parents[1] / "README.md"
COLUMNS: Final = 110
PAGE_PX: Final = (1280, 900)
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
TABLE: Final = re.compile(
    r"(?<=<!-- first table: docs/pictures/make\.py writes it -->\n).*?(?=<!-- end of the first table -->)", re.DOTALL
)
SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="rsbench in a terminal">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
"""Rich's drawing without its fonts, which come from another host."""


def main() -> None:
    """Write ``terminal.svg``, ``page.png`` and the README's first table."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python docs/pictures/make.py RESULTS")
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "rsbench-results"
        shutil.copytree(sys.argv[1], results)
        shown = report(Path(scratch))
        (HERE / "terminal.svg").write_text(drawing(one_screen(shown)), encoding="utf-8")
        written = (results / "report.md").read_text(encoding="utf-8")
        README.write_text(with_table(README.read_text(encoding="utf-8"), written), encoding="utf-8")
        photograph(results / "report.html", HERE / "page.png")


def report(place: Path) -> str:
    """Return what ``rsbench report`` shows in a terminal, colours included."""
    environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    environment["PYTHONPATH"] = str(HERE.parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "rsbench", "report"],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def one_screen(shown: str) -> str:
    """Return the report up to the end of its first table, and its last two paragraphs."""
    paragraphs = [one for one in shown.split("\n\n") if one.strip()]
    first = next(index for index, one in enumerate(paragraphs) if "OA" in one and "─" in one)
    return "\n\n".join([*paragraphs[: first + 1], "[...]", *paragraphs[max(first + 1, len(paragraphs) - 2) :]])


def drawing(shown: str) -> str:
    """Return a terminal's text as an SVG image that loads nothing."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print("$ rsbench compare", style="bold")
    console.print(Text.from_ansi(shown.rstrip()))
    svg = console.export_svg(title="rsbench compare", theme=MONOKAI, code_format=SVG, unique_id="rsbench")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def with_table(readme: str, markdown: str) -> str:
    """Return the README with the first table of a report that has a column of accuracies."""
    tables = re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE)
    table = next(one for one in tables if "OA (%)" in one.splitlines()[0])
    plain = re.sub(r" \[\d+\]", "", table)  # marks of footnotes, which are not in the README
    changed, count = TABLE.subn(lambda _: f"\n{plain}\n", readme)
    if count != 1:
        sys.exit("README.md has no place for the first table: put the two comments back.")
    return changed


def photograph(page: Path, picture: Path) -> None:
    """Write the top of an HTML page as a PNG image."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"No browser found for the picture of the page: install one of {', '.join(BROWSERS)}.")
    size = ",".join(map(str, PAGE_PX))
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    options = ["--headless", *sandbox, "--disable-gpu", "--hide-scrollbars", f"--window-size={size}"]
    subprocess.run([browser, *options, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
