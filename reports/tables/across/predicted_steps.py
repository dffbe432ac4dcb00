"""Modelled steps beside those measured on emulated links: how far the model is to be trusted on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsbench import units
from rsbench.links.worker_links import parse_worker_links
from rsbench.reports.analysis.predictions import DISTURBED, Predicted, median_error
from rsbench.reports.document.table import Cell, Column, Notes, Table
from rsbench.reports.tables.columns import METHOD, count_cell, percent_cell

_WORKERS: Final = Column(title="Workers", key="workers")
_COLUMNS: Final = (
    METHOD,
    _WORKERS,
    Column(title="Link", align="left", key="link"),
    Column(title="Predicted", unit="ms", key="predicted_step_s"),
    Column(title="Measured", unit="ms", key="measured_step_s"),
    Column(title="Error", unit="%", key="error"),
    Column(title="Exchange", unit="% of the step", key="exchange_share"),
)
_ERROR_COLUMNS: Final = (
    METHOD,
    Column(title="Rows", key="rows"),
    Column(title="Median error", unit="%", better="lower", key="median_error"),
    Column(title="Largest", unit="%", key="largest_error"),
)
_DISTURBED: Final = (
    f"Measured while other programs lengthened the computing by more than {100 * (DISTURBED - 1):.0f} %, so it is left "
    "out of the errors."
)


def predicted_steps_table(every: Sequence[Predicted], notes: Notes) -> Table:
    """Return one row a method and link; an error above 0 is a prediction that is too long."""
    rows = [
        (
            one.label,
            count_cell(one.workers),
            Cell(parse_worker_links(one.link).title, one.link),
            Cell(_predicted_text(one, notes), one.predicted_s),
            Cell(_measured_text(one, notes), one.measured_s),
            Cell(signed_percent(one.error), one.error),
            percent_cell(one.exchange_share, 2),
        )
        for one in every
    ]
    return Table.of("Predicted and measured steps", _COLUMNS, rows)


def errors_table(every: Sequence[Predicted]) -> Table | None:
    """Return the size of the errors by method over the rows that say something of links, None without any."""
    counted = [one for one in every if one.counts]
    if not counted:
        return None
    by_label = {
        label: [one for one in counted if one.label == label] for label in dict.fromkeys(one.label for one in counted)
    }
    rows = [
        (label, count_cell(len(found)), percent_cell(median_error(found), 2), _largest_cell(found))
        for label, found in [*by_label.items(), ("all", counted)]
    ]
    return Table.of("Errors where exchange is a third of the step or more", _ERROR_COLUMNS, rows)


def signed_percent(share: float) -> str:
    """Return 0.123 as ``+12.3``."""
    return f"{100 * share:+.1f}"


def _largest_cell(found: Sequence[Predicted]) -> Cell:
    """Return the error that is the largest in size, with its sign."""
    largest = max((one.error for one in found), key=abs)
    return Cell(signed_percent(largest), largest)


def _predicted_text(one: Predicted, notes: Notes) -> str:
    """Return milliseconds, with the mark of a note where they are in doubt."""
    text = units.ms_text(one.predicted_s)
    return f"{text} {notes.mark(f'Not to be trusted: {one.doubt}.')}" if one.doubt else text


def _measured_text(one: Predicted, notes: Notes) -> str:
    """Return milliseconds, with the mark of a note where other programs lengthened them."""
    text = units.ms_text(one.measured_s)
    if not one.is_disturbed:
        return text
    return f"{text} {notes.mark(_DISTURBED)}"
