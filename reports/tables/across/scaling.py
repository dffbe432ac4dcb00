"""The same work on several numbers of workers: step time, throughput and efficiency."""

from __future__ import annotations

from collections.abc import Mapping

from rsbench.reports.analysis.groups import speed_up
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.table import Column, Table
from rsbench.reports.tables.columns import METHOD, count_cell, ms_cell, number_cell, percent_cell, ratio_cell


def scaling_table(rows_by_label: Mapping[str, Mapping[int, Method]], sample: str) -> Table:
    """Return rows of method x workers; speed-up and efficiency are against the method's own fewest workers.

    Args:
        rows_by_label: label -> number of workers -> row.
        sample: what the task calls a sample, such as ``image``.
    """
    rows = []
    for label, by_workers in rows_by_label.items():
        for workers, method in by_workers.items():
            faster, efficiency = speed_up(by_workers, workers)
            rows.append(
                (
                    label,
                    count_cell(workers),
                    ms_cell(method.step_s),
                    number_cell(method.samples_per_s),
                    number_cell(int(method.chosen[0]["dataset"]["train"]) / method.samples_per_s),
                    ratio_cell(faster, 2),
                    percent_cell(efficiency, 2),
                )
            )
    columns = (
        METHOD,
        Column(title="Workers"),
        Column(title="Step", unit="ms", better="lower", key="step_time_s"),
        Column(title=f"{sample.capitalize()}s/s", better="higher", key="samples_per_s"),
        Column(title="Epoch", unit="s", better="lower", key="epoch_s"),
        Column(title="Speed-up", better="higher"),
        Column(title="Efficiency", unit="%", better="higher"),
    )
    return Table.of(f"Scaling ({sample}s/s against the fewest workers of the same method)", columns, rows)
