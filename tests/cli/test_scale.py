"""``rsbench scale``: from a result folder to tables, a page and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

Call = Callable[..., Result]


def test_tables_a_page_and_json_are_written(rsbench: Call, recorded: None) -> None:
    result = rsbench("scale", "--link", "25gbit", "--per-node", 8)
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "Fastest method, and how many times as fast as none (modelled)" in words
    assert "workers on, topk 50x sends more bytes than none." in words
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
