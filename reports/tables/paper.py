"""What papers print beside what was measured here: a column for rows that follow a paper whose number is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.table import Cell, Column, Notes
from rsbench.reports.tables.columns import EMPTY


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A difference to training without compression, as a paper prints it.

    Attributes:
        dataset: of the experiment.
        model: of the experiment.
        compressor: the method.
        above_ratio: the compression ratio that the paper says it was above.
        points: of OA, above training without compression.
        source: the paper.
    """

    dataset: str
    model: str
    compressor: str
    above_ratio: float
    points: float
    source: str


PRINTED: Final = (
    Printed(
        dataset="nwpu45",
        model="vgg19",
        compressor="rsdgc",
        above_ratio=50.0,
        points=0.51,
        source="Xie et al., TGRS 2024 (arXiv 2312.17530): NWPU-45 with VGG-19, more than 50x",
    ),
)
"""All numbers that are known. Their splits, schedules and seeds are the papers' own."""


def paper_column(comparison: Comparison) -> Column | None:
    """Return the column of papers' differences, None where no row of the setting follows a paper."""
    if not any(_printed(method, comparison) for method in comparison.finished):
        return None
    return Column(title="Paper", unit="points", better="higher", key="paper_difference_points")


def paper_cell(method: Method, comparison: Comparison, notes: Notes) -> Cell:
    """Return a paper's difference with its source as a note, a dash for other rows."""
    printed = _printed(method, comparison)
    if printed is None:
        return EMPTY
    note = f"{printed.source}; split, schedule and seeds are the paper's own."
    return Cell(f"{printed.points:+.2f} {notes.mark(note)}", printed.points)


def _printed(method: Method, comparison: Comparison) -> Printed | None:
    """Return what a paper prints of a row: at the ratio that it names or above, at every step, on all samples."""
    cell, ratio = method.records[0]["cell"], method.mean("traffic", "compression_ratio")
    if method.sync.kind != "steps" or not method.prune.keeps_all or ratio is None or not method.chosen:
        return None
    if any(record["dataset"]["synthetic"] for record in method.chosen):
        return None
    return next(
        (
            one
            for one in PRINTED
            if (cell["dataset"], cell["model"], cell["compressor"]) == (one.dataset, one.model, one.compressor)
            and ratio >= one.above_ratio
        ),
        None,
    )
