"""The flat tables: raw numbers with all their digits, one row a method or one row a cell, for other programs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rsbench.cell import key_version_of
from rsbench.measure.asked_ratio import miss_text
from rsbench.metrics import TASKS, UNCERTAINTY, UNCERTAINTY_SOURCES, validation_score
from rsbench.reports.analysis.comparison import DEFAULT_TASK, Baseline, Comparison
from rsbench.reports.analysis.context import command_of
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.settings import Setting, is_deterministic
from rsbench.reports.analysis.statistics.differences import Difference
from rsbench.reports.costs.recorded import PARTS, ROUND
from rsbench.reports.document.table import Column, Table
from rsbench.reports.pruning.selection import record_fields
from rsbench.reports.raw.columns import COLUMNS, in_order
from rsbench.results.provenance import hardware
from rsbench.results.schema import Record

_TRAFFIC: Final = (
    "payload_bytes_per_step",
    "payload_bytes_total",
    "dense_bytes_total",
    "wire_bytes_total",
    "wire_bytes_measured_total",
    "wire_bytes_received_total",
    "dense_wire_bytes_total",
    "compression_ratio",
    "steady_ratio",
    "wire_ratio",
    "density",
    "one_d_share",
    "buffer_bytes",
    "steps",
)
_TIME: Final = ("step_time_s", *(part for part in PARTS if part != ROUND), "overlapped_s", "images_per_s")
_COUNTS: Final = ("steps_counted", "steps_skipped")
_SYNC_TRAFFIC: Final = ("exchanges", "local_steps", "payload_bytes_per_exchange", "payload_bytes_per_sample")
_SYNC_TIME: Final = (ROUND, "s_per_sample")
"""What rows tell that do not exchange at every step."""
_MEMORY: Final = ("peak_rss_bytes", "peak_cuda_bytes")
_RATIO_NOTE: Final = "ratio_note"


def methods_table(comparisons: Sequence[Comparison]) -> Table:
    """Return one row a method or baseline of each setting. Accuracies and densities are fractions, times seconds."""
    rows = []
    selects = any(not method.prune.keeps_all for comparison in comparisons for method in comparison.methods)
    for comparison in comparisons:
        for method in comparison.methods:
            rows.append(_method_row(method, comparison) | (_selection_fields(method) if selects else {}))
        rows += [_baseline_row(baseline, comparison) for baseline in comparison.baselines]
    return flat_table("methods", rows)


def cells_table(settings: Sequence[Setting]) -> Table:
    """Return one row a cell, finished or not."""
    records = [record for setting in settings for record in setting.records]
    selects = any(record["cell"].get("prune") for record in records)
    return flat_table("cells", [cell_row(record) | (_selected(record) if selects else {}) for record in records])


def _method_row(method: Method, comparison: Comparison) -> dict[str, Any]:
    """Return one method's raw numbers by column."""
    record = (method.chosen or method.records)[0]
    cell, point = record["cell"], comparison.break_even(method)
    row = setting_fields(record, comparison)
    row |= {"method": method.label, "compressor": cell["compressor"], "ratio_asked": cell["ratio"]}
    row |= {
        "match": cell.get("match"),
        "lr": method.rate,
        "lrs_tried": " ".join(f"{one:g}" for one in method.rates_tried),
    }
    row |= {"cells_done": len(method.done), "cells_not_done": len(method.counted) - len(method.done)}
    row |= {
        "seeds": len(method.chosen),
        "validation_score": getattr(method.validation.get(method.rate or 0), "mean", None),
    }
    row |= _scores(method, comparison) | _gap_fields(comparison.gap(method), comparison)
    row |= {"on_pareto_front": method.label in comparison.front if method.chosen and method.trains else None}
    row |= {name: method.mean("traffic", name) for name in _TRAFFIC}
    row |= {name: method.mean("time", name) for name in _TIME}
    row |= {name: method.total("time", name) for name in _COUNTS}
    row |= {"speed_up": comparison.speed_up(method)}
    row |= {"break_even": point and point.case, "break_even_bits_per_s": point and point.bits_per_s}
    row |= {"break_even_low_bits_per_s": point and point.low_bits_per_s}
    row |= {"break_even_high_bits_per_s": point and point.high_bits_per_s, "break_even_doubt": point and point.doubt}
    row |= {name: method.mean("memory", name) for name in _MEMORY}
    row |= _sync_fields(method) | _mean_uncertainty(method)
    return row | next(filter(None, map(_ratio_note, method.chosen)), {})


def _sync_fields(method: Method) -> dict[str, Any]:
    """Return columns that only reports have in which a row does not exchange at every step."""
    if method.sync.kind == "steps":
        return {}
    traffic = {name: method.mean("traffic", name) for name in _SYNC_TRAFFIC}
    return {"sync": method.sync.text, **traffic, **{name: method.mean("time", name) for name in _SYNC_TIME}}


def _selection_fields(method: Method) -> dict[str, Any]:
    """Return columns that only reports have in which a row trains on some of the samples."""
    by_name: dict[str, list[float]] = {}
    for record in method.chosen:
        for name, value in record_fields(record).items():
            by_name.setdefault(name, []).extend([] if value is None else [value])
    means = {name: statistics.fmean(values) if values else None for name, values in by_name.items()}
    return {"prune": method.prune.label or None, **means}


def _baseline_row(baseline: Baseline, comparison: Comparison) -> dict[str, Any]:
    """Return the raw numbers of what was scored without training."""
    row = setting_fields(comparison.setting.records[0], comparison) | {"method": baseline.label}
    row |= {"seeds": len(baseline.by_seed.get(comparison.metric.name, {}))}
    return row | _scores(baseline, comparison) | _gap_fields(comparison.baseline_gap(baseline), comparison)


def setting_fields(record: Record, comparison: Comparison) -> dict[str, Any]:
    """Return what was run and where."""
    row = {name: record["cell"][name] for name in ("dataset", "model", "workers", "device")}
    row |= {"hardware": comparison.setting.hardware, "part": (record.get("dataset") or {}).get("part")}
    row |= {"task": comparison.task_name, "key_version": comparison.setting.key_version}
    row |= {"partition": record["cell"]["partition"]} if record["cell"].get("partition") else {}
    return row if is_deterministic(record) else row | {"deterministic": False}


def _scores(row: Method | Baseline, comparison: Comparison) -> dict[str, Any]:
    """Return the task's metrics over seeds."""
    fields: dict[str, Any] = {}
    for metric in comparison.task.metrics:
        score = row.test(metric.name)
        fields |= {f"test_{metric.name}": score and score.mean, f"test_{metric.name}_sd": score and score.sd}
    return fields


def _gap_fields(gap: Difference | None, comparison: Comparison) -> dict[str, Any]:
    """Return the difference to ``none`` in the task's first metric."""
    name = f"{comparison.metric.name}_minus_none"
    fields = {name: gap and gap.mean, f"{name}_low": gap and gap.low, f"{name}_high": gap and gap.high}
    fields |= {"paired_seeds": gap and gap.count, "paired_sd": gap and gap.sd}
    return fields | {"p": gap and gap.p, "p_corrected": gap and gap.p_corrected}


def cell_row(record: Record) -> dict[str, Any]:
    """Return one cell's raw numbers by column."""
    row: dict[str, Any] = {name: record[name] for name in ("key", "status", "reason", "started_utc", "wall_s")}
    row |= {"key_version": key_version_of(record), **record["cell"]}
    row |= {"hardware": hardware(record["provenance"]), "compressor_run": (record.get("compressor") or {}).get("text")}
    row |= {"part": (record.get("dataset") or {}).get("part")}
    accuracy = record.get("accuracy") or {}
    row |= {"validation_score": validation_score(record)}
    task = str((record.get("dataset") or {}).get("task") or DEFAULT_TASK)
    names = (*(metric.name for metric in TASKS[task].metrics), "samples")
    row |= {f"test_{name}": (accuracy.get("test") or {}).get(name) for name in names}
    row |= _uncertainty(record) | _fields(record.get("traffic"), _TRAFFIC)
    row |= _fields(record.get("time"), (*_TIME, *_COUNTS))
    row |= _fields(record.get("memory"), _MEMORY) | {"command": command_of(record)}
    row |= _selected(record) if record["cell"].get("prune") else {}
    return row | _ratio_note(record) | _resumed_fields(record)


def _selected(record: Record) -> dict[str, Any]:
    """Return columns that only reports have in which a cell trains on some of the samples."""
    return dict(record_fields(record)) if record.get("traffic") else {}


def _uncertainty(record: Record) -> dict[str, Any]:
    """Return columns that only reports with change maps have: how well each uncertainty finds the wrong pixels."""
    test = (record.get("accuracy") or {}).get("test") or {}
    by_source = test.get("uncertainty") or {}
    return {
        f"test_{source}_{metric.name}": by_source[source].get(metric.name)
        for source in UNCERTAINTY_SOURCES
        if source in by_source
        for metric in UNCERTAINTY
    }


def _mean_uncertainty(method: Method) -> dict[str, Any]:
    """Return the same columns as means over the seeds that have a value."""
    rows = [_uncertainty(record) for record in method.chosen]
    known = {name: [row[name] for row in rows if row.get(name) is not None] for row in rows for name in row}
    return {name: statistics.fmean(values) if values else None for name, values in known.items()}


def _resumed_fields(record: Record) -> dict[str, Any]:
    """Return columns that only reports have with a cell that went on from a checkpoint."""
    runtime = record["provenance"].get("runtime") or {}
    resumed, reset = runtime.get("resumed_from_step") or [], runtime.get("compressor_reset_at_step")
    if not resumed and not runtime.get("restarts"):
        return {}
    row = {"resumed_from_step": " ".join(map(str, resumed)) or None}
    row |= {name: runtime.get(name) for name in ("steps_redone", "restarts")}
    return row if reset is None else row | {"compressor_reset_at_step": reset}


def _ratio_note(record: Record) -> dict[str, Any]:
    """Return a column that only reports with a missed ratio have: what was asked and what was sent."""
    text = miss_text(record["cell"], record["traffic"]) if record.get("traffic") else ""
    return {_RATIO_NOTE: text} if text else {}


def _fields(section: Mapping[str, Any] | None, names: Sequence[str]) -> dict[str, Any]:
    """Return some fields of a section that may be missing."""
    return {name: (section or {}).get(name) for name in names}


def flat_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of all columns that occur, in the order of the file's data dictionary.

    Where some rows are not deterministic, each says whether it is.
    """
    if not all(row.get("deterministic", True) for row in rows):
        rows = [{**row, "deterministic": row.get("deterministic", True)} for row in rows]
    file = f"{title}.csv"
    names = in_order(file, list(dict.fromkeys(name for row in rows for name in row)))
    of_text = {column.name for column in COLUMNS[file] if column.kind == "text"}
    columns = tuple(Column(title=name, align="left" if name in of_text else "right", key=name) for name in names)
    values = tuple(tuple(row.get(name) for name in names) for row in rows)
    texts = tuple(tuple("" if value is None else str(value) for value in row) for row in values)
    return Table(title=title, columns=columns, rows=texts, values=values)
