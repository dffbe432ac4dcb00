"""The JSON document of ``compare --json`` and ``run --json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rsbench.cell import CellSpec
from rsbench.reports.document.table import Report
from rsbench.reports.formats.json import render
from rsbench.results.folder import CellFolder


def document(
    exit_code: int, out: Path, specs: Sequence[CellSpec], report: Report, lines: Sequence[str]
) -> dict[str, Any]:
    """Return what a run came to.

    Args:
        exit_code: of the command.
        out: result folder.
        specs: all cells, done or not.
        report: of those that have a record.
        lines: what is not done, and how to go on, in sentences.

    Returns:
        An object of ``exit_code``, ``out``, ``cells_total``, ``cells_done``, ``cells``, ``methods``, ``conclusions``
        and ``notes``. Rows of ``cells`` and ``methods`` have the columns of ``cells.csv`` and ``methods.csv``; cells
        also have ``folder``, and ``status`` is ``not_run`` where a cell has no record.
    """
    content = json.loads(render(report))
    recorded = {row["key"]: row for row in content["cells"]}
    unique = {spec.key: spec for spec in specs}
    cells = [_cell(spec, recorded.get(key), out) for key, spec in unique.items()]
    return {
        "exit_code": exit_code,
        "out": str(out.absolute()),
        "cells_total": len(cells),
        "cells_done": sum(cell["status"] == "done" for cell in cells),
        "cells": cells,
        "methods": content["methods"],
        "conclusions": [section["conclusion"] for section in content["sections"] if section["conclusion"]],
        "notes": list(lines),
    }


def _cell(spec: CellSpec, row: Mapping[str, Any] | None, out: Path) -> dict[str, Any]:
    """Return a cell's row with the place of its files; what was asked for where nothing is recorded."""
    if row is None:
        return {"key": spec.key, "status": "not_run", "reason": "", **spec.to_dict(), "folder": None}
    return {**row, "folder": str(CellFolder.of(out.absolute(), spec.folder_name).path)}
