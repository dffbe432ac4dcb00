"""Accuracy against the bytes of the run, where rows exchange in different ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from report_parts import only, panels
from round_records import exchanging

from rsbench.reports.document.figure import Points, ShapedMark
from rsbench.reports.html.plots import draw, marker

Maker = Callable[..., dict[str, Any]]


def rows(make_record: Maker) -> list[dict[str, Any]]:
    records = [make_record(oa=0.9)]
    for ratio in (20.0, 100.0, 1000.0):
        records += [make_record(compressor=name, ratio=ratio, oa=0.8) for name in ("topk", "dgc", "rsdgc")]
        records += [exchanging(make_record, f"{way}:{ratio:g}", oa=0.7) for way in ("accumulate", "rounds")]
        records += [
            exchanging(make_record, "rounds:8", compressor=name, ratio=ratio, oa=0.85) for name in ("topk", "rsdgc")
        ]
    return records


def test_colours_are_compressors_and_markers_are_ways(make_record: Maker) -> None:
    panel = panels(rows(make_record))["What is saved and what is lost"]
    figure = only(panel, Points)
    assert len(figure.series) == 22 and not panel.note
    marks = {mark.label: mark for mark in panel.legend}
    assert list(marks) == [
        "none",
        "topk",
        "dgc",
        "rsdgc",
        "none, accumulate",
        "none, rounds",
        "topk, rounds",
        "rsdgc, rounds",
    ]
    assert marks["topk"].style == marks["topk, rounds"].style != marks["rsdgc"].style
    shapes = {label: marker(mark) for label, mark in marks.items()}
    assert shapes["topk"] == shapes["dgc"] != shapes["topk, rounds"] == shapes["none, rounds"]
    assert len({shapes["none"], shapes["topk"], shapes["none, accumulate"], shapes["none, rounds"]}) == 4


def test_bytes_are_those_of_the_run(make_record: Maker) -> None:
    figure = only(panels(rows(make_record))["What is saved and what is lost"], Points)
    assert figure.x.title == "payload of the run"
    sent = {one.tip.partition(": OA")[0]: one.x[0] for one in figure.series}
    assert sent["none"] == 600 * 4e6
    assert sent["none, rounds:1000"] == 600 * 4e3
    assert sent["topk 100x, rounds:8"] == 600 * 4e4
    assert figure.front[-1] == (600 * 4e6, 90.0)


def test_more_rows_than_marks_can_be_drawn(make_record: Maker) -> None:
    figure = only(panels(rows(make_record))["What is saved and what is lost"], Points)
    svg = draw(figure, "points")
    assert all(one.tip in svg for one in figure.series)


def test_rows_that_exchange_at_every_step_have_marks_of_their_own(make_record: Maker) -> None:
    records = [make_record(), make_record(compressor="topk", ratio=20.0)]
    panel = panels(records)["What is saved and what is lost"]
    assert not [mark for mark in panel.legend if isinstance(mark, ShapedMark)]
    assert only(panel, Points).x.title == "payload / step"


def test_bars_are_intervals_of_the_difference_to_none(make_record: Maker) -> None:
    """Losses of 1, 2 and 3 points: half a width is t(0.975, 2) = 4.302653 times 1 / sqrt(3)."""
    records = [make_record(seed=seed, oa=0.8) for seed in range(3)]
    records += [make_record(compressor="topk", ratio=10.0, seed=seed, oa=0.79 - seed / 100) for seed in range(3)]
    figure = only(panels(records)["What is saved and what is lost"], Points)
    none, topk = figure.series
    assert none.half == (None,) and topk.half[0] == pytest.approx(4.302653 / 3**0.5)
    assert "-2.0 [-4.5, +0.5] ~ against none" in topk.tip
    assert "A bar is the 95 % interval of a row's difference to none, put around the row's mean" in figure.caption
    figure = only(
        panels([record for record in records if not record["cell"]["seed"]])["What is saved and what is lost"], Points
    )
    assert "bar" not in figure.caption
