"""Markdown: nothing is markup by accident."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from report_parts import nasty_report

from rsbench.reports.document.table import Column, Table
from rsbench.reports.formats import markdown

Maker = Callable[..., dict[str, Any]]


def test_reports_markdown_keeps_nasty_values_in_their_cells(make_record: Maker) -> None:
    text = markdown.render(nasty_report(make_record))
    assert "λ 地図" in text
    assert "<i>" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        pipes = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(pipes) == 1
    assert len([line for line in text.splitlines() if line.startswith("## ")]) == 3


def test_reports_markdown_cell_with_a_pipe_stays_one_cell() -> None:
    table = Table(title="t", columns=(Column(title="a|b", align="left"), Column(title="n")), rows=(("x|y\nz", "1"),))
    assert markdown.escape(table.rows[0][0]) == "x\\|y z"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("&lt;b&gt; & c", "&amp;lt;b&amp;gt; &amp; c"),
        ("--- x", r"\--- x"),
        ("=== x", r"\=== x"),
        ("1. x", r"1\. x"),
        ("12) x", r"12\) x"),
        ("-4.9", "-4.9"),
        ("1.5 x", "1.5 x"),
        ("[a](b)", r"[a]\(b)"),
        ("a\x1b[2J\u202eb", "a [2J\\\\u202eb"),
    ],
)
def test_reports_markdown_text_is_no_markup(text: str, source: str) -> None:
    assert markdown.escape(text) == source
