"""``rsbench scale``: from a result folder to tables, a page and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from rsbench.results import records

Call = Callable[..., Result]


@pytest.fixture
def recorded(rsbench: Call, launcher: Any) -> None:
    """Two finished cells whose records say when a step exchanges what."""
    assert rsbench("compare", "--compressor", "none", "--compressor", "topk").exit_code == 0
    for file in Path("rsbench-results").glob("cells/*/record.json"):
        record = records.read_record(file)
        op = "all_reduce" if record["cell"]["compressor"] == "none" else "all_gather"
        call = {"op": op, "payload_bytes": 4e6 if op == "all_reduce" else 4e4, "per_step": 1.0, "blocking": False}
        parts = ("ready_s", "compress_s", "wait_s", "took_s", "decompress_s", "compress_cpu_s", "decompress_cpu_s")
        bucket = dict.fromkeys(parts, 0.001)
        phase = dict.fromkeys(("before_s", "forward_s", "backward_s", "after_s"), 0.02)
        record["exchange"] = {
            "phases": [{**phase, "buckets": [{**bucket, "calls": [{**call, "workers": 2}]}]}],
            **{"load": 1.0, "steps": 9, "foreign_share": 0.0, "cores": 2, "ranks_here": 2},
        }
        records.write_record(file.parent, record)


def test_tables_a_page_and_json_are_written(rsbench: Call, recorded: None) -> None:
    result = rsbench("scale", "--link", "25gbit", "--per-node", 8)
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "Fastest method, and how many times as fast as none (modelled)" in words
    assert "More than none sends topk 100x from" in words
    folder = Path("rsbench-results/scale")
    assert {"report.md", "report.html", "report.json"} <= {path.name for path in folder.iterdir()}
    tables = json.loads((folder / "report.json").read_text())["sections"][0]["tables"]
    (steps,) = (table for table in tables if table["title"] == "Nodes joined by 25 Gbit/s (modelled)")
    assert [row["workers"]["value"] for row in steps["rows"]][-1] == 4096
    assert "More workers, other links" in (folder / "report.html").read_text()


def test_what_cannot_be_scaled_is_refused(rsbench: Call, recorded: None) -> None:
    assert "--per-node is 0" in rsbench("scale", "--per-node", 0).output
    assert 'no link "lio"' in rsbench("scale", "--link", "lio").output


def test_records_without_collectives_are_refused(rsbench: Call, launcher: Any) -> None:
    assert rsbench("compare", "--compressor", "none").exit_code == 0
    result = rsbench("scale")
    assert result.exit_code == 2
    assert "run the cells again with this version" in " ".join(result.output.split())
