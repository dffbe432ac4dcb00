"""The HTML page, byte for byte, with each plot replaced by its data: those do not depend on Matplotlib's version.

After a change on purpose: RSBENCH_UPDATE_GOLDEN=1 pytest tests/golden.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from html import escape
from pathlib import Path
from typing import Any

from rich_records import with_confusion, with_history

from rsbench.reports import build_report
from rsbench.reports.document.figure import Figure
from rsbench.reports.html import page as html

GOLDEN = Path(__file__).parent / "report.html"
ASSETS = re.compile(r"(?<=<style>\n).*?(?=</style>)|(?<=<script>\n).*?(?=</script>)", flags=re.DOTALL)


def data(figure: Figure, name: str) -> str:
    """Return a figure's data instead of its drawing."""
    fields: dict[str, Any] = dataclasses.asdict(figure)
    rounded = json.loads(json.dumps(fields), parse_float=lambda text: float(f"{float(text):.6g}"))
    return f'<svg data-name="{name}" data-kind="{type(figure).__name__}">{escape(json.dumps(rounded))}</svg>'


def test_golden_page(grid_records: list[dict[str, Any]]) -> None:
    records = [
        with_confusion(with_history(record, epochs=3, tensors=2), ["meadow", "forest"]) for record in grid_records
    ]
    page = ASSETS.sub("", html.render(build_report(records, ["The record x is damaged."]), data))
    if os.environ.get("RSBENCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8")
