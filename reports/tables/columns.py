"""Columns and cells that several tables have: a text for people, and the number behind it for programs."""

from __future__ import annotations

from typing import Final, Literal

from rsbench import units
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.statistics.differences import Difference, Spread
from rsbench.reports.document.table import Cell, Column

METHOD: Final = Column(title="Method", align="left", key="method")
EMPTY: Final = Cell(units.DASH)


def score_column(metric: Metric) -> Column:
    """Return the column of a metric over seeds."""
    better: Literal["higher", "lower"] = "higher" if metric.higher_is_better else "lower"
    return Column(title=metric.heading, unit=numbers.score_unit(metric), better=better, key=metric.name)


def gap_column(metric: Metric, label: str) -> Column:
    """Return the column of differences to a row."""
    return Column(title=f"vs {label}", unit=numbers.gap_unit(metric), better="higher", key=f"{metric.name}_difference")


def score_cell(metric: Metric, score: Spread | None) -> Cell:
    """Return a metric over seeds, with its spread."""
    return Cell(numbers.spread_text(metric, score), score)


def gap_cell(metric: Metric, gap: Difference | None) -> Cell:
    """Return a difference with its interval."""
    return Cell(numbers.gap_text(metric, gap), gap)


def ratio_cell(ratio: float | None, digits: int = 3) -> Cell:
    """Return a ratio such as ``100x``."""
    return Cell(units.ratio_text(ratio, digits), ratio)


def number_cell(value: float | None) -> Cell:
    """Return a number with three digits."""
    return Cell(units.significant(value), value)


def percent_cell(share: float | None, digits: int = 3) -> Cell:
    """Return a share as per cent, its value as the share that it is."""
    return Cell(units.significant(None if share is None else 100 * share, digits), share)


def ms_cell(seconds: float | None) -> Cell:
    """Return seconds as milliseconds."""
    return Cell(units.ms_text(seconds), seconds)


def bytes_cell(count_bytes: float | None) -> Cell:
    """Return bytes with their unit."""
    return Cell(units.bytes_text(count_bytes), count_bytes)


def count_cell(count: int) -> Cell:
    """Return a whole number."""
    return Cell(str(count), count)
