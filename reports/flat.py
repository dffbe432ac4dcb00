"""The flat tables: raw numbers with all their digits, one row a method or one row a cell, for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rsbench.link import break_even
from rsbench.provenance import hardware
from rsbench.reports.conclusion import difference
from rsbench.reports.methods import SPLIT, Method, methods_of, reference_of
from rsbench.reports.settings import Setting
from rsbench.reports.table import Column, Table
from rsbench.schema import Record

_TRAFFIC = (
    "payload_bytes_per_step",
    "payload_bytes_total",
    "dense_bytes_total",
    "wire_bytes_total",
    "dense_wire_bytes_total",
    "compression_ratio",
    "steady_ratio",
    "wire_ratio",
    "density",
    "one_d_share",
    "buffer_bytes",
    "steps",
)
_TIME = ("step_time_s", *SPLIT, "overlapped_s", "images_per_s")
_COUNTS = ("steps_counted", "steps_skipped")
_MEMORY = ("peak_rss_bytes", "peak_cuda_bytes")
_TEST = ("oa", "aa", "kappa")
_NAMES = frozenset(
    {"dataset", "model", "device", "hardware", "compressor", "method", "part", "split", "status", "reason"}
)


def methods_table(settings: Sequence[Setting]) -> Table:
    """Return one row a setting and method. Accuracies and densities are fractions, times seconds."""
    rows = []
    for setting in settings:
        methods = methods_of(setting.records)
        reference = reference_of(methods)
        rows += [_method_row(setting, method, reference) for method in methods]
    return _table("methods", rows)


def cells_table(settings: Sequence[Setting]) -> Table:
    """Return one row a cell, finished or not."""
    return _table("cells", [_cell_row(record) for setting in settings for record in setting.records])


def _method_row(setting: Setting, method: Method, reference: Method | None) -> dict[str, Any]:
    """Return one method's raw numbers by column."""
    record = (method.chosen or method.records)[0]
    cell = record["cell"]
    row: dict[str, Any] = {name: cell[name] for name in ("dataset", "model", "workers", "device")}
    row |= {"hardware": setting.hardware, "part": (record.get("dataset") or {}).get("part")}
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
    for name in _TEST:
        found = method.test(name)
        row |= {f"test_{name}": found and found.mean, f"test_{name}_sd": found and found.sd}
    gap = difference(method, reference) if reference is not None and method is not reference else None
    row |= {
        "oa_minus_none": gap and gap.mean,
        "oa_minus_none_low": gap and gap.low,
        "oa_minus_none_high": gap and gap.high,
    }
    row |= {"paired_seeds": gap and gap.count}
    row |= {name: method.mean("traffic", name) for name in _TRAFFIC}
    row |= {name: method.mean("time", name) for name in _TIME}
    row |= {name: method.total("time", name) for name in _COUNTS}
    row |= _against(method, reference)
    return row | {name: method.mean("memory", name) for name in _MEMORY}


def _against(method: Method, reference: Method | None) -> dict[str, Any]:
    """Return speed-up and break-even against the reference."""
    step_s, none_s = method.mean("time", "step_time_s"), reference and reference.mean("time", "step_time_s")
    known = reference is not None and method is not reference and method.cost is not None and reference.cost is not None
    point = break_even(method.cost, reference.cost) if known and method.cost and reference and reference.cost else None
    return {
        "speed_up": none_s / step_s if none_s and step_s else None,
        "break_even": point and point.case,
        "break_even_bits_per_s": point and point.bits_per_s,
    }


def _cell_row(record: Record) -> dict[str, Any]:
    """Return one cell's raw numbers by column."""
    row: dict[str, Any] = {name: record[name] for name in ("key", "status", "reason", "started_utc", "wall_s")}
    row |= record["cell"]
    row |= {
        "hardware": hardware(record["provenance"]),
        "compressor_run": (record.get("compressor") or {}).get("text"),
    }
    row |= {"part": (record.get("dataset") or {}).get("part")}
    accuracy = record.get("accuracy") or {}
    row |= {"validation_score": accuracy.get("val_score")}
    row |= {f"test_{name}": (accuracy.get("test") or {}).get(name) for name in (*_TEST, "samples")}
    row |= _fields(record.get("traffic"), _TRAFFIC)
    row |= _fields(record.get("time"), (*_TIME, *_COUNTS))
    return row | _fields(record.get("memory"), _MEMORY)


def _fields(section: Mapping[str, Any] | None, names: Sequence[str]) -> dict[str, Any]:
    """Return some fields of a section that may be missing."""
    return {name: (section or {}).get(name) for name in names}


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of all columns that occur, in the order of their first occurrence."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = tuple(Column(title=name, align="left" if name in _NAMES else "right") for name in names)
    texts = tuple(tuple(_text(row.get(name)) for name in names) for row in rows)
    return Table(title=title, columns=columns, rows=texts)


def _text(value: Any) -> str:
    """Return a value with all its digits; nothing for None."""
    return "" if value is None else str(value)
