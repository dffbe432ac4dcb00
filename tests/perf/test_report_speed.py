"""A report of 2,000 records: reading, building, and each format. It should stay well under ten seconds in all.

Run with ``pytest tests/perf/test_report_speed.py -o addopts= --import-mode=importlib``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rsbench.reports import FORMATS, Report, build_report, show
from rsbench.results.records import read_records, write_record

Maker = Callable[..., dict[str, Any]]
RECORDS = 2000
EPOCHS = 30
METHODS = ("none", "fp16", "topk", "dgc", "rsdgc")


def record(make_record: Maker, index: int) -> dict[str, Any]:
    """One of 5 methods x 4 ratios x 10 seeds x 10 settings, with a history and as much detail as a large network."""
    method, rest = METHODS[index % 5], index // 5
    ratio = None if method in {"none", "fp16"} else (10.0, 50.0, 100.0, 500.0)[rest % 4]
    made = make_record(
        compressor=method,
        ratio=ratio,
        lr=0.01 * (1 + rest % 4),
        seed=rest // 4 % 10,
        epochs=1 + rest // 40,
        history=True,
    )
    made["key"] = f"{index:012x}"
    shift = (index * 2654435761 % 1000) / 1e5
    made["accuracy"]["test"] |= {"oa": 0.8 + shift, "confusion": [[3] * 45] * 45, "per_class": [0.8] * 45}
    made["traffic"]["density_per_tensor"] = {f"layer.{layer}.weight": 0.01 for layer in range(60)}
    made["history"] = [
        {**made["history"][0], "step": 20 * epoch, "val_score": 0.8 * epoch / EPOCHS} for epoch in range(1, EPOCHS + 1)
    ]
    return made


@pytest.fixture
def folder(tmp_path: Path, make_record: Maker) -> Path:
    for index in range(RECORDS):
        write_record(tmp_path / "cells" / f"x-{index:012x}", record(make_record, index))
    return tmp_path


@pytest.fixture
def report(make_record: Maker) -> Report:
    return build_report([record(make_record, index) for index in range(RECORDS)])


def test_read(benchmark: Any, folder: Path) -> None:
    records, problems = benchmark.pedantic(read_records, ([folder],), rounds=3)
    assert (len(records), problems) == (RECORDS, [])


def test_build(benchmark: Any, make_record: Maker) -> None:
    records = [record(make_record, index) for index in range(RECORDS)]
    built = benchmark.pedantic(build_report, (records,), rounds=3)
    assert len(built.cells.rows) == RECORDS


def test_show(benchmark: Any, report: Report) -> None:
    benchmark.pedantic(lambda: show(report, Console(file=io.StringIO(), width=160)), rounds=3)


@pytest.mark.parametrize("name", FORMATS)
def test_write(benchmark: Any, name: str, report: Report, tmp_path: Path) -> None:
    paths = benchmark.pedantic(FORMATS[name], (report, tmp_path), rounds=3)
    assert all(path.stat().st_size for path in paths)
