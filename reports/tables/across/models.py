"""Several models on the same work: every row of each, and the paired differences between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.statistics.differences import Difference
from rsbench.reports.document.table import Cell, Column, Table
from rsbench.reports.tables.columns import (
    METHOD,
    count_cell,
    gap_cell,
    gap_column,
    ratio_cell,
    score_cell,
    score_column,
)

_MODEL: Final = Column(title="Model", align="left", key="model")
_RATIO: Final = Column(title="Ratio", better="higher", key="compression_ratio")


def models_table(group: Sequence[Comparison]) -> Table:
    """Return rows of model x method with the metric and the difference to the same model's reference."""
    metric = group[0].metric
    rows = [
        (
            comparison.setting.model,
            method.label,
            score_cell(metric, method.test(metric.name)),
            gap_cell(metric, comparison.gap(method)),
            ratio_cell(method.mean("traffic", "compression_ratio")),
            count_cell(len(method.chosen)),
        )
        for comparison in group
        for method in comparison.trained
    ]
    columns = (_MODEL, METHOD, score_column(metric), gap_column(metric, "none"), _RATIO, Column(title="Seeds"))
    return Table.of("Models side by side", columns, rows)


def model_differences_table(gaps: Mapping[tuple[str, str], Difference], metric: Metric) -> Table:
    """Return one row a pair of models, the higher one first."""
    rows = [
        (Cell(f"{one} minus {other}", [one, other]), gap_cell(metric, gap), count_cell(gap.count))
        for (one, other), gap in gaps.items()
    ]
    columns = (
        Column(title="Models", align="left"),
        Column(title=f"Difference in {metric.heading}", unit=numbers.gap_unit(metric), key=f"{metric.name}_difference"),
        Column(title="Common seeds"),
    )
    return Table.of("Paired differences between models under none", columns, rows)
