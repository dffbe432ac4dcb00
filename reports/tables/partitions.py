"""Who trains on which samples: the classes of each client, and the same work under several partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rsbench.metrics import Metric
from rsbench.recipe.partition import parse_partition
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.groups import PartitionRow, methods_by_label
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Difference, Spread
from rsbench.reports.document.table import Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD, count_cell, gap_cell, score_cell, score_column


def partition_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return the samples of each class by client, of the first seed; None where no record has clients."""
    records = [record for method in comparison.finished for record in method.done]
    with_clients = [record for record in records if record["dataset"].get("partition")]
    if not with_clients:
        return None
    record = min(with_clients, key=lambda record: int(record["cell"]["seed"]))
    partition = record["dataset"]["partition"]
    clients, classes = partition["clients"], record["dataset"]["classes"]
    rows: list[Row] = []
    if len(clients[0]) == len(classes):
        by_class = zip(*clients, strict=True)
        rows = [(str(name), *map(count_cell, counts)) for name, counts in zip(classes, by_class, strict=True)]
    rows.append(("all", *(count_cell(sum(counts)) for counts in clients)))
    modalities = partition.get("modalities") or [""] * len(clients)
    titles = [f"Client {rank}{f', {name}' if name else ''}" for rank, name in enumerate(modalities)]
    columns = (
        Column(title="Class", align="left", key="class"),
        *(Column(title=title, key=f"client_{rank}") for rank, title in enumerate(titles)),
    )
    words = f"{parse_partition(partition['text']).title}, seed {record['cell']['seed']}"
    return Table.of(f"Samples of each class by client ({words})", columns, rows, is_detail=True)


def across_partitions_table(group: Sequence[Comparison], gaps: Mapping[PartitionRow, Difference]) -> Table:
    """Return one row a method: its metric under each partition, and its differences to the first one.

    Args:
        group: settings that differ in their partition only, as :func:`.groups.by_partition` gives them.
        gaps: (label, partition) -> the paired difference to the first partition.
    """
    metric, (first, *others) = group[0].metric, [comparison.setting.partition for comparison in group]
    found = {comparison.setting.partition: methods_by_label(comparison) for comparison in group}
    labels = dict.fromkeys(label for methods in found.values() for label in methods)
    rows: list[Row] = [
        (
            label,
            *(score_cell(metric, _score(metric, methods.get(label))) for methods in found.values()),
            *(gap_cell(metric, gaps.get((label, text))) for text in others),
        )
        for label in labels
    ]
    scores = (replace(score_column(metric), title=f"{metric.heading}, {text}", key=text) for text in found)
    differences = (
        Column(title=f"{text} minus {first}", unit=numbers.gap_unit(metric), key=f"{text}_difference")
        for text in others
    )
    return Table.of("Across partitions", (METHOD, *scores, *differences), rows)


def _score(metric: Metric, method: Method | None) -> Spread | None:
    return None if method is None else method.test(metric.name)
