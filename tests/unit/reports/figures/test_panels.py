"""Figure data: what is drawn is what was recorded, and no more of it than can be read."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import pytest
from report_parts import comparison_of, only, panels
from rich_records import (
    with_history,
)

from rsbench.reports.costs.recorded import PARTS, ROUND
from rsbench.reports.document.figure import Bars, Lines, Points
from rsbench.reports.figures.panels import MOST_BARS, MOST_LINES

Maker = Callable[..., dict[str, Any]]


def test_figures_of_a_grid_without_histories(grid_records: list[dict[str, Any]]) -> None:
    by_title = panels(grid_records)
    assert list(by_title) == [
        "What is saved and what is lost",
        "Time against link speed",
        "Where the time goes",
        "Which classes are confused",
    ]
    assert [title for title, panel in by_title.items() if panel.is_hero] == list(by_title)[:2]
    assert [title for title, panel in by_title.items() if panel.is_detail] == ["Which classes are confused"]


def test_figures_points_are_the_tables_numbers(grid_records: list[dict[str, Any]]) -> None:
    panel = panels(grid_records)["What is saved and what is lost"]
    figure = only(panel, Points)
    assert not panel.legend, "points have their names beside them"
    assert [label.text for label in figure.labels] == ["none", "topk 100x", "dgc 100x", "rsdgc 100x"]
    assert [label.style for label in figure.labels] == [0, 1, 2, 3]
    topk = figure.series[1]
    assert topk.x == (40_000.0,)
    values = [100 * r["accuracy"]["test"]["oa"] for r in grid_records if is_cell(r, "topk", 0.05)]
    assert topk.y[0] == pytest.approx(statistics.fmean(values))
    gap = comparison_of(grid_records).gaps["topk 100x"]
    assert gap is not None and gap.low is not None and gap.high is not None
    assert topk.half[0] == pytest.approx(50 * (gap.high - gap.low))
    assert figure.front == ((40_000.0, figure.series[3].y[0]),)


def is_cell(record: dict[str, Any], compressor: str, lr: float) -> bool:
    return record["status"] == "done" and (record["cell"]["compressor"], record["cell"]["lr"]) == (compressor, lr)


def test_figures_front_is_of_those_that_no_other_beats(make_record: Maker) -> None:
    records = [make_record(oa=0.8)]
    records += [make_record(compressor="topk", ratio=ratio, oa=oa) for ratio, oa in ((10.0, 0.7), (20.0, 0.75))]
    records += [make_record(compressor="dgc", ratio=ratio, oa=oa) for ratio, oa in ((10.0, 0.78), (40.0, 0.6))]
    figure = only(panels(records)["What is saved and what is lost"])
    assert [(x, round(y, 6)) for x, y in figure.front] == [(1e5, 60.0), (2e5, 75.0), (4e5, 78.0), (4e6, 80.0)]


def test_figures_bars_hold_the_whole_split(grid_records: list[dict[str, Any]]) -> None:
    figure = only(panels(grid_records)["Where the time goes"], Bars)
    assert figure.parts == tuple(part.removesuffix("_s") for part in PARTS if part != ROUND)
    rows = dict(figure.rows)
    assert list(rows) == ["none", "topk 100x", "dgc 100x", "rsdgc 100x", "noop"]
    assert dict(zip(figure.parts, rows["topk 100x"], strict=True))["compress"] == pytest.approx(60.0)
    assert sum(rows["none"]) == pytest.approx(100.0)


def test_figures_keep_to_what_can_be_read(make_record: Maker) -> None:
    many = [make_record(oa=0.7)]
    many += [make_record(compressor="topk", ratio=float(n), oa=0.5 + n / 100) for n in range(2, 32)]
    by_title = panels([with_history(record) for record in many])
    pareto = by_title["What is saved and what is lost"]
    assert len(only(pareto).series) == 31, "one method's ratios look alike"
    assert [label.text for label in only(pareto).labels] == ["none", "topk"]
    assert only(pareto).places == (), "too many ratios to be named"
    bars = by_title["Where the time goes"].figures
    assert all(isinstance(figure, Bars) for figure in bars)
    assert sum(len(figure.rows) for figure in bars if isinstance(figure, Bars)) == MOST_BARS
    assert len({figure.longest for figure in bars if isinstance(figure, Bars)}) == 1, "bars can be compared"
    assert by_title["Where the time goes"].note.endswith("4 more methods are in the tables only.")
    lines = by_title["How training went"].figures[0]
    assert isinstance(lines, Lines)
    labels = [one.mark.label for one in lines.series]
    assert labels == ["none", *(f"topk {n}x" for n in range(25, 32))]
    assert len(labels) == MOST_LINES
    assert "Drawn are the best. 23 more methods are in the tables only." in by_title["How training went"].note
