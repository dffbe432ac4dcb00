"""The drawn reports, byte for byte. After a change on purpose: RSBENCH_UPDATE_GOLDEN=1 pytest tests/golden."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rsbench.reports import write_report

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", ["report.md", "methods.csv", "cells.csv"])
def test_golden_report(name: str, tmp_path: Path, grid_records: list[dict[str, Any]]) -> None:
    written = {path.name: path.read_bytes() for path in write_report(grid_records, tmp_path)}
    assert set(written) >= {"report.md", "methods.csv", "cells.csv"}
    golden = HERE / name
    if os.environ.get("RSBENCH_UPDATE_GOLDEN"):
        golden.write_bytes(written[name])
    assert written[name].decode() == golden.read_text(encoding="utf-8")
