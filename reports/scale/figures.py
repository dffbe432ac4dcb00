"""The figures of ``rsbench scale``: who is the fastest where, and steps by number of workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from rsbench import units
from rsbench.links.link import Link
from rsbench.reports.document.figure import Axis, Heat, Lines, Mark, Panel, Series, more_in_tables
from rsbench.reports.figures.panels import MOST_LINES
from rsbench.reports.scale.growth import Growth

FULL_COLOUR: Final = 100.0
"""Times as fast as none that has the full colour."""


def scale_panel(growth: Growth, sizes: Sequence[int], links: Sequence[Link], curves: Sequence[Link]) -> Panel | None:
    """Return the heat map and one figure of curves a link, None without a reference."""
    if growth.reference is None:
        return None
    labels = sorted(growth.costs, key=lambda label: label != growth.reference)[:MOST_LINES]
    marks = tuple(Mark(label=label, style=style) for style, label in enumerate(labels))
    return Panel(
        title="More workers, other links",
        figures=(_heat(growth, sizes, links), *(_lines(growth, marks, sizes, link) for link in curves)),
        legend=marks,
        note=f"Modelled; each worker keeps its batch. {more_in_tables(len(growth.costs) - len(labels))}".strip(),
    )


def _heat(growth: Growth, sizes: Sequence[int], links: Sequence[Link]) -> Heat:
    """Return how many times as fast as none the fastest method is."""
    values, texts = [], []
    for workers in sizes:
        best = [(link, growth.fastest(workers, link)) for link in links]
        faster = [
            growth.step_s(str(growth.reference), workers, link) / growth.step_s(label, workers, link)
            for link, label in best
        ]
        values.append(tuple(min(1.0, max(0.0, math.log(one) / math.log(FULL_COLOUR))) for one in faster))
        texts.append(tuple(units.ratio_text(one, 2) for one in faster))
    return Heat(
        title="The fastest method by none's step",
        caption="Steps of none over those of the fastest method whose accuracy is not lower; which one: the table.",
        rows=tuple(f"{workers:,}" for workers in sizes),
        columns=tuple(link.title for link in links),
        row_title="workers",
        column_title="link between nodes",
        values=tuple(values),
        texts=tuple(texts),
        scale=("1x", f"{FULL_COLOUR:g}x"),
    )


def _lines(growth: Growth, marks: Sequence[Mark], sizes: Sequence[int], link: Link) -> Lines:
    """Return steps by workers on one link."""
    series = tuple(
        Series(
            mark=mark,
            x=tuple(map(float, sizes)),
            y=tuple(1000 * growth.step_s(mark.label, workers, link) for workers in sizes),
            half=(None,) * len(sizes),
            tip=mark.label,
        )
        for mark in marks
    )
    return Lines(
        title=f"Step by workers, {link.title}",
        caption="A line that rises is exchange that grows with the workers.",
        x=Axis(title="workers", log=True),
        y=Axis(title="step", unit="ms", log=True),
        series=series,
    )
