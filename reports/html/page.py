"""HTML: one page that holds everything, readable on a phone, in light and dark, and without any network."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rsbench.reports.document.figure import Bars, Figure, Heat, Panel, Picture
from rsbench.reports.document.table import Report
from rsbench.reports.html import plots, svg, text
from rsbench.reports.html.cells import done_line, missing_table, readable_cells
from rsbench.results.folder import write_file

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

FILE_NAME: Final = "report.html"
MOST_PLOTS: Final = 60
"""Plots of one page, shared out evenly among the sections, and there among the panels. One takes about 40 ms."""
MOST_BYTES: Final = 4_000_000
"""Bytes of all pictures of one page together."""

_HERE: Final = Path(__file__).parent
_PNG: Final = b"\x89PNG\r\n\x1a\n"

Draw = Callable[[Figure, str], str]
"""Figure and a name unique in the page -> the element that shows it."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure and how it looks.

    Attributes:
        figure: the data.
        svg: an element, empty for pictures.
        source: a data address for pictures, empty for others.
    """

    figure: Figure
    svg: Markup
    source: str = ""

    @property
    def heat(self) -> Heat | None:
        """The figure where it has a scale to be shown."""
        return self.figure if isinstance(self.figure, Heat) else None


@dataclass(frozen=True, kw_only=True)
class DrawnPanel:
    """A panel whose figures are drawn."""

    panel: Panel
    figures: tuple[Drawn, ...]
    note: str

    @property
    def has_parts(self) -> bool:
        """Whether the legend is of parts of a step, not of methods."""
        return any(isinstance(figure, Bars) for figure in self.panel.figures)


def write(report: Report, folder: Path) -> list[Path]:
    """Write ``report.html`` and return its path."""
    return [write_file(folder / FILE_NAME, render(report))]


def render(report: Report, draw: Draw = plots.draw) -> str:
    """Return the page.

    Args:
        report: what to draw.
        draw: what draws its figures.
    """
    from markupsafe import Markup  # late: start-up

    album, share = Album(), _share(report)
    return _template().render(
        report=report,
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup("".join((_HERE / name).read_text(encoding="utf-8") for name in _scripts(report))),
        panels_of=[
            list(_drawn_panels(section.figures, share, f"s{number}", album, draw))
            for number, section in enumerate(report.sections, start=1)
        ],
        common=list(_drawn_panels(report.figures, share, "all", album, draw)),
        summary=done_line(report.cells),
        missing=missing_table(report.cells),
        cells=readable_cells(report.cells),
        how_to_read=report.how_to_read,
    )


@cache
def _template() -> Template:
    """Return the page's template, compiled."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # late: start-up

    environment = Environment(
        loader=FileSystemLoader(_HERE, encoding="utf-8"),
        autoescape=True,
        finalize=text.printable,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {name: getattr(text, name) for name in ("calculator", "cell", "hangs", "sort_value")}
    environment.globals |= {"hue": svg.hue, "marker": plots.marker}
    return environment.get_template("page.html")


def _scripts(report: Report) -> list[str]:
    """Return the files of the page's script; what is computed for links needs one more, whose column is sorted, too."""
    computes = any(table.calculator or table.advisor for section in report.sections for table in section.tables)
    return ["links.js", "page.js"] if computes else ["page.js"]


def _share(report: Report) -> int:
    """Return how many plots each section may have."""
    return max(1, MOST_PLOTS // max(1, sum(bool(section.figures) for section in report.sections)))


def _drawn_panels(panels: tuple[Panel, ...], share: int, name: str, album: Album, draw: Draw) -> Iterator[DrawnPanel]:
    """Yield the panels with their figures drawn, until the share of plots is used up."""
    from markupsafe import Markup  # late: start-up

    quotas = _quotas(panels, share)
    for place, (panel, quota) in enumerate(zip(panels, quotas, strict=True), start=1):
        drawn, note = [], panel.note
        for number, figure in enumerate(panel.figures, start=1):
            if isinstance(figure, Picture):
                source = album.source(figure.path)
                drawn += [Drawn(figure=figure, svg=Markup(), source=source)] if source else []
            elif number <= quota:
                drawn.append(Drawn(figure=figure, svg=Markup(draw(figure, f"{name}-{place}-{number}"))))
        if len(drawn) < len(panel.figures):
            note = f"{note} {_left_out(panel, len(panel.figures) - len(drawn))}".strip()
        yield DrawnPanel(panel=panel, figures=tuple(drawn), note=note)


def _quotas(panels: Sequence[Panel], share: int) -> list[int]:
    """Return how many plots each panel may have: one of each panel in turn, until the share is used up."""
    plots_of = [sum(not isinstance(figure, Picture) for figure in panel.figures) for panel in panels]
    turns = [(turn, place) for place, count in enumerate(plots_of) for turn in range(count)]
    chosen = [place for _, place in sorted(turns)[:share]]
    return [chosen.count(place) for place in range(len(panels))]


def _left_out(panel: Panel, count: int) -> str:
    """Return the sentence on figures that the page has not."""
    if any(isinstance(figure, Picture) for figure in panel.figures):
        return f"Pictures that are missing, damaged or too large for this page: {count}."
    return f"Left out to keep the page small: {count}. A report on fewer cells has all."


class Album:
    """The PNG files of a page, read until their bytes are used up. A file that is asked for twice counts once."""

    def __init__(self, budget_bytes: int = MOST_BYTES) -> None:
        self._left = budget_bytes
        self._sources: dict[Path, str] = {}

    def source(self, path: Path) -> str:
        """Return a picture as ``data:image/png;base64,...``.

        Args:
            path: of a PNG file.

        Returns:
            An empty text when it is missing, no PNG file, or larger than what is left of the budget.
        """
        if path not in self._sources:
            data = self._read(path)
            self._left -= len(data)
            self._sources[path] = f"data:image/png;base64,{base64.b64encode(data).decode()}" if data else ""
        return self._sources[path]

    def _read(self, path: Path) -> bytes:
        """Return the file's bytes, none where it cannot be used."""
        try:
            if not path.is_file() or path.stat().st_size > self._left:
                return b""
            data = path.read_bytes()
        except (OSError, ValueError):
            return b""
        return data if data.startswith(_PNG) else b""
