"""JSON: ``report.json``, everything that the other formats draw, with raw numbers under keys that stay.

The object has ``schema``, ``title``, ``sections``, ``methods``, ``cells`` and ``problems``. A section's tables have
``columns`` (key, title, unit, better) and ``rows`` of key -> ``text`` as drawn and ``value`` behind it: null where
the text is all there is to say (a status, a dash), else a number, a text, or an object of ``mean``, ``sd`` and others.
``methods`` and ``cells``, and ``links`` where links were asked for, are the rows of the CSV files with typed values.
Fractions, bytes and seconds throughout.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Final

from rsbench.reports.document.table import Report, Section, Table
from rsbench.results.folder import write_file

FILE_NAME: Final = "report.json"
SCHEMA: Final = 1
"""The version of the keys: it goes up when one is renamed or removed or changes its meaning."""
_ONE_LINE: Final = frozenset({"rows", "columns", "methods", "cells", "links"})
"""Lists whose items stand in one line each."""


def write(report: Report, folder: Path) -> list[Path]:
    """Write ``report.json`` and return its path."""
    return [write_file(folder / FILE_NAME, render(report))]


def render(report: Report) -> str:
    """Return the report as JSON text."""
    content = {
        "schema": SCHEMA,
        "title": report.title,
        "sections": [_section(section) for section in report.sections],
        "methods": _flat(report.methods),
        "cells": _flat(report.cells),
        **({} if report.links is None else {"links": _flat(report.links)}),
        "problems": list(report.problems),
        "how_to_read": list(report.how_to_read),
    }
    return _broken(content) + "\n"


def _broken(value: Any, name: str = "", pad: str = "") -> str:
    """Return JSON in lines; the rows and columns of tables take one each, which is also ten times as fast."""
    inner = f"{pad} "
    if isinstance(value, dict) and value:
        items = [f"{_compact(key)}: {_broken(item, key, inner)}" for key, item in value.items()]
    elif isinstance(value, list) and value:
        items = [_compact(item) if name in _ONE_LINE else _broken(item, "", inner) for item in value]
    else:
        return _compact(value)
    start, end = "{}" if isinstance(value, dict) else "[]"
    separator = f",\n{inner}"
    return f"{start}\n{inner}{separator.join(items)}\n{pad}{end}"


def _compact(value: Any) -> str:
    """Return JSON in one line, whose characters are all printable."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _section(section: Section) -> dict[str, Any]:
    """Return one section's texts and tables."""
    return {
        "title": section.title,
        "conclusion": section.conclusion,
        "facts": list(section.facts),
        "tables": [_table(table) for table in section.tables],
        "notes": list(section.notes),
    }


def _table(table: Table) -> dict[str, Any]:
    """Return a table's columns, and rows of texts with the values behind them."""
    keys = _keys(table)
    columns = zip(keys, table.columns, strict=True)
    rows = zip(table.rows, table.values or table.rows, strict=True)
    return {
        "title": table.title,
        "columns": [
            {"key": key, "title": column.title, "unit": column.unit, "better": column.better} for key, column in columns
        ],
        "rows": [
            {key: {"text": text, "value": plain(value)} for key, text, value in zip(keys, texts, values, strict=True)}
            for texts, values in rows
        ],
    }


def _flat(table: Table) -> list[dict[str, Any]]:
    """Return a table's rows as key -> value."""
    keys = _keys(table)
    return [dict(zip(keys, map(plain, row), strict=True)) for row in table.values or table.rows]


def _keys(table: Table) -> list[str]:
    """Return the columns' names; of equal ones the later get a number."""
    keys: list[str] = []
    for column in table.columns:
        name, number = column.name, 2
        while name in keys:
            name, number = f"{column.name}_{number}", number + 1
        keys.append(name)
    return keys


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; infinite and undefined numbers become null."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)
