"""All formats: their names, nothing is lost in any, files are whole or not there."""

from __future__ import annotations

import csv
import errno
import html
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.reports import FORMATS, build_report, format_names, write_report

Maker = Callable[..., dict[str, Any]]


def test_reports_unknown_format_suggests(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match='mean "markdown"'):
        write_report([], tmp_path, ["markdwon"])
    assert format_names(["md", "markdown", "tex"]) == ["markdown", "latex"]


def test_reports_of_nothing_are_written(tmp_path: Path) -> None:
    paths = write_report([], tmp_path, tuple(FORMATS), problems=["The record x is damaged."])
    texts = {path.name: path.read_text() for path in paths}
    assert {"report.md", "methods.csv", "cells.csv", "report.tex", "report.json"} <= set(texts)
    assert "No cells are recorded." in texts["report.md"]
    assert all("The record x is damaged." in text for name, text in texts.items() if name.startswith("report"))


def test_reports_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RsbenchError, match="disk is full"):
        write_report([], tmp_path)
    assert list(tmp_path.iterdir()) == []


def one_line(text: str) -> str:
    """Return a text without control characters, which are drawn as spaces or as their escapes."""
    return " ".join(re.sub(r"[\x00\x1f\u200b]|\\x00|\\x1f|\\u200b|\\r", " ", text).split())


def from_latex(text: str) -> str:
    """Return the text that ``latex.escape`` was given, by a list of its own."""
    text = re.sub(r"\\rsbenchother\{([^{}]*)\}\{[^{}]*\}", r"\1", text)
    words = {"textless": "<", "textgreater": ">", "textbar": "|", "textasciicircum": "^"}
    words |= {"textquotedbl": '"', "textquotesingle": "'", "textasciigrave": "`", "textbackslash": "\0"}
    for word, character in words.items():
        text = text.replace(f"\\{word}{{}}", character)
    text = re.sub(
        r"\{([\[\]*])\}",
        r"\1",
        text.replace("$\\pm$", "±").replace("$\\sim$", "~").replace("-{}", "-").replace(",{}", ","),
    )
    return re.sub(r"\\([{}&%$#_])", r"\1", text).replace("\0", "\\")


READERS: dict[str, Callable[[str], str]] = {
    "markdown": lambda text: re.sub(r"\\([\\|*_`$~(#+-])", r"\1", html.unescape(text)),
    "csv": lambda text: "\n".join(cell for row in csv.reader(io.StringIO(text)) for cell in row),
    "latex": from_latex,
    "json": lambda text: "\n".join(texts_of(json.loads(text))),
}
"""How a program reads each format back; HTML and what is like it needs its entities undone."""


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", FORMATS)
def test_reports_hostile_text_survives_every_format(
    name: str, tmp_path: Path, hostile_records: list[dict[str, Any]]
) -> None:
    report = build_report(hostile_records, [hostile_records[2]["reason"]])
    paths = FORMATS[name](report, tmp_path)
    read = READERS.get(name, html.unescape)
    wanted = one_line(hostile_records[2]["reason"])
    assert len(wanted) > 70
    read_back = one_line(read("\n".join(path.read_text(encoding="utf-8") for path in paths)))
    assert read_back.count(wanted) >= 5, "title, model, warning, note, reason"


def test_reports_half_a_surrogate_pair_is_written(tmp_path: Path, make_record: Maker) -> None:
    record = make_record(status="failed", reason="odd \ud800 text")
    for path in write_report([record], tmp_path, list(FORMATS)):
        path.read_text(encoding="utf-8")
