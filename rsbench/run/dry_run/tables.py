"""A plan in two small tables: its settings, and its methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rsbench.cell import CellSpec
from rsbench.reports.document.table import Column, Notes, Table
from rsbench.run.dry_run.groups import Group
from rsbench.run.dry_run.marks import miss_marks
from rsbench.units import DASH, bytes_text, duration_text, ratio_text

_WORDS: Final = frozenset({"setting", "method", "workers"})


def settings_table(groups: Sequence[Group]) -> Table:
    """Return a row for each data set, model, number of workers and link."""
    with_links = any(group.jobs[0].spec.link is not None for group in groups)
    names = ["setting", "workers", "cells", "steps", "memory", "time"]
    rows = [[*_setting_row(group), *(_link_row(group) if with_links else [])] for group in groups]
    return _table("Settings", [*names, *(["sent", "on the link"] if with_links else [])], rows)


def methods_table(groups: Sequence[Group], notes: Notes) -> Table:
    """Return a row for each method and ratio, over all settings."""
    names = ["method", "cells", "payload/step", "ratio", "in all", "time"]
    return _table("Methods", names, [_method_row(group, notes) for group in groups])


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    columns = tuple(Column(title=name, align="left" if name in _WORDS else "right") for name in names)
    return Table(title=title, columns=columns, rows=tuple(tuple(row) for row in rows))


def _setting_row(group: Group) -> list[str]:
    spec = group.jobs[0].spec
    where = [f"{spec.workers} {spec.device}", "" if spec.deterministic else "fast", spec.partition]
    return [
        " ".join(filter(None, [spec.dataset, spec.model, spec.link])),
        ", ".join(filter(None, where)),
        f"x {len(group.jobs)}",
        f"{group.jobs[0].steps:,}",
        bytes_text(max([one.memory_bytes_per_worker for one in group.estimates])),
        duration_text(group.time_s),
    ]


def _link_row(group: Group) -> list[str]:
    """Return what a worker of a setting sends in all cells, and the time that this takes on its link."""
    sent = bytes_text(sum(job.wire_bytes for job in group.jobs))
    on_link = duration_text(sum(one.link_s for one in group.expected))
    return [sent, DASH if group.jobs[0].spec.link is None else on_link]


def _method_row(group: Group, notes: Notes) -> list[str]:
    spec = group.jobs[0].spec
    marks = dict.fromkeys(mark for job in group.jobs for mark in miss_marks(job, notes))
    return [
        method_text(spec),
        f"x {len(group.jobs)}",
        span([one.payload_bytes_per_step for one in group.estimates], bytes_text),
        " ".join([span([one.compression_ratio for one in group.estimates], ratio_text), *marks]),
        bytes_text(group.sent_bytes),
        duration_text(group.time_s),
    ]


def method_text(spec: CellSpec) -> str:
    """Return what a cell compares: compressor, ratio, way to exchange and kept samples."""
    return " ".join(filter(None, [spec.compressor, f"{spec.ratio:g}x" if spec.ratio else None, spec.sync, spec.prune]))


def span(values: Sequence[float], text: Callable[[float], str]) -> str:
    """Return ``45.1 kB``, or ``45.1 kB to 1.43 MB`` where the least and the most differ as they are shown."""
    least, most = text(min(values)), text(max(values))
    return least if least == most else f"{least} to {most}"
