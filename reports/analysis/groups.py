"""Settings that agree in all but one field of their cells: models side by side, the same work on more workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.settings import Setting, work_of
from rsbench.reports.analysis.statistics.differences import Difference, simultaneous


def group_by(field: str, comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    """Return the groups of two or more settings on the same hardware that agree in all but a field of their cells."""
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for comparison in comparisons:
        setting = comparison.setting
        groups.setdefault((work_of(setting.records[0], field), setting.hardware), []).append(comparison)
    return [group for group in groups.values() if len(group) > 1]


def joined(group: Sequence[Comparison]) -> Setting:
    """Return all records of a group as one setting."""
    records = tuple(record for comparison in group for record in comparison.setting.records)
    return Setting(records=records, hardware=group[0].setting.hardware)


def by_workers(group: Sequence[Comparison], *times: str) -> dict[str, dict[int, Method]]:
    """Return label -> number of workers -> finished row, in the order of the group.

    Args:
        group: settings that differ in their number of workers.
        times: fields of a record's times that a row must have.
    """
    rows: dict[str, dict[int, Method]] = {}
    for comparison in group:
        workers = int(comparison.setting.cell["workers"])
        for method in comparison.finished:
            if workers > 0 and all(method.mean("time", name) for name in times):
                rows.setdefault(method.label, {})[workers] = method
    return rows


def speed_up(rows: Mapping[int, Method], workers: int) -> tuple[float, float]:
    """Return how many times as many samples per second as on the fewest workers, and that per worker added.

    Args:
        rows: number of workers -> the row of one method, all with a known rate.
        workers: one of these numbers.
    """
    fewest = min(rows)
    faster = rows[workers].samples_per_s / rows[fewest].samples_per_s
    return faster, faster * fewest / workers


PartitionRow = tuple[str, str]
"""A row's label, and the partition that it trained under."""


def by_partition(group: Sequence[Comparison]) -> list[Comparison]:
    """Return settings that differ in their partition, iid first, the others as they were."""
    return sorted(group, key=lambda comparison: comparison.setting.partition != "iid")


def methods_by_label(comparison: Comparison) -> dict[str, Method]:
    """Return the finished rows whose accuracy means anything."""
    return {method.label: method for method in comparison.trained}


def partition_gaps(group: Sequence[Comparison]) -> dict[PartitionRow, Difference]:
    """Return (label, partition) -> the paired difference to the same row under the first partition.

    Args:
        group: as :func:`by_partition` gives it.
    """
    first, *others = group
    base = methods_by_label(first)
    gaps = {
        (label, other.setting.partition): other.difference(method, base[label])
        for other in others
        for label, method in methods_by_label(other).items()
        if label in base
    }
    return {row: gap for row, gap in simultaneous(gaps).items() if gap is not None}


def model_gaps(group: Sequence[Comparison]) -> dict[tuple[str, str], Difference]:
    """Return (higher, lower) -> the paired difference of two models under the reference, over common seeds."""
    references = {
        comparison.setting.model: comparison.reference for comparison in group if comparison.reference is not None
    }
    gaps: dict[tuple[str, str], Difference | None] = {}
    for one, other in combinations(references, 2):
        gap = group[0].difference(references[one], references[other])
        if gap is not None and gap.mean < 0:
            gaps[other, one] = gap.turned
        else:
            gaps[one, other] = gap
    return {pair: gap for pair, gap in simultaneous(gaps).items() if gap is not None}
