"""A colour is a method, a marker is its ratio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import comparison_of

from rsbench.reports.document.figure import ShapedMark
from rsbench.reports.figures.marks import marks_of
from rsbench.reports.html.plots import marker
from rsbench.reports.html.svg import hue

Maker = Callable[..., dict[str, Any]]


def test_rows_of_a_method_share_a_colour_and_rows_of_a_ratio_a_marker(make_record: Maker) -> None:
    records = [make_record(), make_record(compressor="fp16")]
    names = ["topk", "dgc", "rsdgc:policy=uniform", "rsdgc", "randomk", "gcc", "redsync", "qsgd"]
    records += [make_record(compressor=name, ratio=ratio) for name in names for ratio in (20.0, 100.0, 1000.0)]
    comparison = comparison_of(records)
    marks = marks_of(comparison.trained, comparison.reference)
    assert marks["topk 20x"].style == marks["topk 1000x"].style != marks["dgc 20x"].style
    assert marks["rsdgc 20x"].style != marks["rsdgc:policy=uniform 20x"].style
    shapes = {label: marker(mark) for label, mark in marks.items()}
    assert shapes["topk 20x"] == shapes["dgc 20x"] != shapes["topk 100x"]
    assert shapes["none"] == shapes["fp16"] == 0
    assert (marks["none"].style, hue(marks["none"].style)) == (0, 0)
    assert len({(hue(mark.style), shapes[label]) for label, mark in marks.items()}) == len(records)


def test_with_one_ratio_each_row_has_a_marker_of_its_own(make_record: Maker) -> None:
    records = [make_record(), *(make_record(compressor=name, ratio=100.0) for name in ("topk", "dgc"))]
    comparison = comparison_of(records)
    marks = marks_of(comparison.trained, comparison.reference)
    assert [mark.style for mark in marks.values()] == [0, 1, 2]
    assert not any(isinstance(mark, ShapedMark) for mark in marks.values())
