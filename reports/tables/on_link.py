"""A setting on a link that was asked for: step, hours, bytes and speed-up of each row there, all modelled."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Prediction
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.on_link import SHARE, LinkRun, OnLink
from rsbench.reports.costs.page_costs import page_costs
from rsbench.reports.document.calculator import Calculator, CalculatorRow
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import EMPTY, METHOD, bytes_cell, ratio_cell

_STEP: Final = Column(title="Step there", unit="ms", better="lower", key="link_step_s")
_RANGE: Final = Column(title="Over seeds", unit="ms", key="link_step_range_s")
_RUN: Final = Column(title="Run", unit="h", better="lower", key="run_s")
_TARGET: Final = Column(title=f"To {100 * SHARE:g} %", unit="h", better="lower", key="target_s")
_SPEED_UP: Final = Column(title="Speed-up", better="higher", key="link_speed_up")
_TRAFFIC: Final = (
    Column(title="Sent", better="lower", key="sent_bytes"),
    Column(title="Received", better="lower", key="received_bytes"),
)
_PASSES: Final = (
    Column(title="With passes", unit="h", better="lower", key="elapsed_s"),
    Column(title="Passes", better="lower", key="passes"),
    Column(title="Sent/pass", key="sent_bytes_per_pass"),
)
_COMPUTED: Final = frozenset(
    {"link_step_s", "link_step_range_s", "run_s", "target_s", "link_speed_up", "elapsed_s", "passes"}
    | {"sent_bytes_per_pass"}
)
"""Columns that depend on the link."""


def on_link_table(on_link: OnLink, notes: Notes) -> Table | None:
    """Return one row a finished method, None where no row's costs are known.

    Args:
        on_link: the setting on the link.
        notes: get what the columns are, and why a number is in doubt.
    """
    if not on_link.runs:
        return None
    methods = on_link.comparison.finished
    with_range = any(run.prediction.low_s is not None for run in on_link.runs.values())
    columns = (
        *(METHOD, _STEP, *([_RANGE] if with_range else []), _SPEED_UP, _RUN),
        *([] if on_link.target is None else [_TARGET]),
        *([] if on_link.contact is None else _PASSES),
        *_TRAFFIC,
    )
    rows = [_row(method, on_link, columns, notes) for method in methods]
    _explain(on_link, notes)
    title = f"On {on_link.title} (modelled)"
    return Table.of(title, columns, rows, calculator=_calculator(on_link, methods, columns))


def _row(method: Method, on_link: OnLink, columns: tuple[Column, ...], notes: Notes) -> Row:
    """Return one row's cells, dashes where its costs are unknown."""
    run = on_link.runs.get(method.label)
    if run is None:
        return (method.label, *[EMPTY] * (len(columns) - 1))
    cells = {
        "method": Cell(method.label, method.label),
        "link_step_s": _step_cell(run, notes),
        "link_step_range_s": _range_cell(run.prediction),
        "link_speed_up": ratio_cell(on_link.speed_up(run), 2),
        "run_s": _hours_cell(run.run_s),
        "target_s": _target_cell(run),
        "sent_bytes": bytes_cell(run.sent_bytes),
        "received_bytes": bytes_cell(run.received_bytes),
        **_pass_cells(run, on_link),
    }
    return tuple(cells[column.key] for column in columns)


def _step_cell(run: LinkRun, notes: Notes) -> Cell:
    """Return the step with ``?`` and a note where the model is in doubt."""
    text, doubt = units.ms_text(run.prediction.step_s), run.prediction.doubt.rstrip(".")
    if doubt:
        text += f" ? {notes.mark(f'The model is in doubt: {doubt}.')}"
    return Cell(text, run.prediction)


def _range_cell(prediction: Prediction) -> Cell:
    """Return ``[790, 840]``, a dash where there is one seed."""
    if prediction.low_s is None or prediction.high_s is None:
        return EMPTY
    ends = (prediction.low_s, prediction.high_s)
    return Cell(f"[{', '.join(map(units.ms_text, ends))}]", ends)


def _hours_cell(seconds: float | None) -> Cell:
    """Return seconds as hours."""
    return Cell(units.significant(None if seconds is None else seconds / 3600), seconds)


def _target_cell(run: LinkRun) -> Cell:
    """Return the hours to the target, how many seeds reach it where not all do, a dash where nobody knows."""
    reached = run.reached
    if reached is not None and reached.reached < reached.count:
        return Cell(f"{reached.reached} of {units.count_text(reached.count, 'seed')}")
    return _hours_cell(run.target_s)


def _pass_cells(run: LinkRun, on_link: OnLink) -> dict[str, Cell]:
    """Return the hours with the times between passes, the passes, and the bytes of a full one."""
    contact = on_link.contact
    if contact is None:
        return {}
    share = min(1.0, contact.visible_s / run.run_s) if run.run_s else 1.0
    return {
        "elapsed_s": _hours_cell(contact.elapsed_s(run.run_s)),
        "passes": Cell(f"{contact.passes(run.run_s):,}", contact.passes(run.run_s)),
        "sent_bytes_per_pass": bytes_cell(None if run.sent_bytes is None else share * run.sent_bytes),
    }


def _explain(on_link: OnLink, notes: Notes) -> None:
    """Note what the table's columns are."""
    notes.mark(
        "On a link: steps as decision 0001 models them there; hours are steps x step, without validation and start; "
        "bytes are those of the run."
    )
    if on_link.target is not None:
        metric = on_link.comparison.metric
        score = numbers.score_text(metric, on_link.target, unit=True)
        notes.mark(
            f"To {100 * SHARE:g} %: until the first epoch's end with a validation {metric.heading} of {score}, "
            f"{100 * SHARE:g} % of none's best mean over seeds."
        )
    if on_link.contact is not None:
        notes.mark(
            f"With passes: each step needs the link, which is there {on_link.contact.title}, so training goes on "
            "during passes only: all periods before the last pass, and what is left of training in that one."
        )
    if on_link.link.source:
        notes.mark(f"{on_link.link.name}: {on_link.link.source}.")


def _calculator(on_link: OnLink, methods: list[Method], columns: tuple[Column, ...]) -> Calculator:
    """Return what a page computes the table anew from."""
    contact = on_link.contact
    return Calculator(
        bits_per_s=on_link.link.bits_per_s,
        round_trip_s=on_link.link.round_trip_s,
        contact=None if contact is None else (contact.visible_s, contact.period_s),
        when=on_link.when,
        columns={column.key: place for place, column in enumerate(columns) if column.key in _COMPUTED},
        rows=tuple(calculator_row(method, on_link) for method in methods),
    )


def calculator_row(method: Method, on_link: OnLink) -> CalculatorRow | None:
    """Return one row's numbers for a page, None where its costs are unknown."""
    run, costs = on_link.runs.get(method.label), on_link.comparison.costs(method)
    if run is None or costs is None:
        return None
    return CalculatorRow(
        costs=page_costs(costs),
        steps=run.steps,
        target_steps=run.target_steps,
        sent_bytes=run.sent_bytes,
        is_reference=run is on_link.reference,
    )
