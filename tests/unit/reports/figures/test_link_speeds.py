"""Time against link speed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from exchange_records import with_exchange
from round_records import exchanging

from rsbench.links.asked import read_asked
from rsbench.reports import build_report
from rsbench.reports.document.figure import Panel, RegionLines

Maker = Callable[..., dict[str, Any]]


def panel(records: list[dict[str, Any]], *links: str) -> Panel | None:
    panels = build_report(records, asked=read_asked(links)).sections[0].figures
    return next((one for one in panels if one.title == "Time against link speed"), None)


@pytest.fixture
def records(make_record: Maker) -> list[dict[str, Any]]:
    slow = {"compress_s": 60.0}
    return [
        with_exchange(make_record()),
        with_exchange(make_record(compressor="dgc", ratio=100.0, split_ms=slow)),
        with_exchange(make_record(compressor="topk", ratio=1000.0, oa=0.5)),
    ]


def test_hours_fall_with_speed_and_regions_meet(records: list[dict[str, Any]]) -> None:
    drawn = panel(records, "10mbit")
    assert drawn is not None
    (figure,) = drawn.figures
    assert isinstance(figure, RegionLines)
    assert [one.mark.label for one in figure.series] == ["none", "dgc 100x", "topk 1000x"]
    for one in figure.series:
        # Two decades below the border, which is at some tens of Mbit/s, and one above.
        assert (one.x[0], one.x[-1]) == (1e5, pytest.approx(1e10))
        assert all(later <= earlier for earlier, later in zip(one.y, one.y[1:], strict=False))
    # topk is the shortest of all, but loses too much accuracy to be advised.
    assert [region.mark.label for region in figure.regions] == ["dgc 100x", "none"]
    first, second = figure.regions
    assert (first.low, first.high, second.high) == (1e5, second.low, pytest.approx(1e10))
    none, dgc, _ = figure.series
    # A gain under 5 % is no advice.
    border = next(x for x, a, b in zip(none.x, none.y, dgc.y, strict=True) if 0.95 * a < b)
    assert border / 1.34 < first.high < border
    assert figure.places == (("10 Mbit/s", 1e7),)


def test_where_nothing_is_said_of_links_nothing_is_shaded(make_record: Maker) -> None:
    drawn = panel([with_exchange(make_record(), load=9.0), with_exchange(make_record(compressor="dgc", ratio=100.0))])
    assert drawn is not None
    (figure,) = drawn.figures
    assert isinstance(figure, RegionLines) and figure.regions == ()


def test_each_latency_has_a_figure_of_its_own(records: list[dict[str, Any]]) -> None:
    drawn = panel(records, "10mbit", "geo", "leo", "100mbit")
    assert drawn is not None
    figures = [figure for figure in drawn.figures if isinstance(figure, RegionLines)]
    assert [figure.title for figure in figures] == [
        "Time of the run, no latency",
        "Time of the run, 683 ms round trip",
        "Time of the run, 45.0 ms round trip",
    ]
    assert [[name for name, _ in figure.places] for figure in figures] == [
        ["10 Mbit/s", "100 Mbit/s"],
        ["geo"],
        ["leo"],
    ]
    # On a fast link a round trip of 683 ms decides how long a step takes.
    assert figures[1].series[0].y[-1] > 10 * figures[0].series[0].y[-1]


def test_without_links_asked_for_the_axis_shows_where_the_answer_changes(records: list[dict[str, Any]]) -> None:
    drawn = panel(records)
    assert drawn is not None and drawn.is_hero
    (figure,) = drawn.figures
    assert isinstance(figure, RegionLines)
    assert (figure.title, figure.places) == ("Time of the run, no latency", ())
    border = figure.regions[0].high
    assert figure.series[0].x[0] == 10 ** (math.floor(math.log10(border)) - 2)
    assert figure.series[0].x[-1] == 10 ** (math.ceil(math.log10(border)) + 1)
    table = next(one for one in build_report(records).sections[0].tables if one.advisor)
    assert table.values[0][0] == {"above_bits_per_s": 0.0, "below_bits_per_s": border}, "the figure shows the table"
    assert "Dashed" not in drawn.note


def test_of_many_rows_those_that_are_the_fastest_somewhere_are_drawn(make_record: Maker) -> None:
    every = [with_exchange(make_record(oa=0.8))]
    every += [with_exchange(make_record(compressor="topk", ratio=float(n), oa=0.8 + n / 1000)) for n in range(2, 22)]
    slow = exchanging(make_record, "rounds:100", oa=0.8, round_ms=40.0)
    drawn = panel([*every, slow], "10mbit")
    assert drawn is not None
    (figure,) = drawn.figures
    assert isinstance(figure, RegionLines)
    labels = [one.mark.label for one in figure.series]
    # By accuracy alone, the rows of rounds would be the last to be drawn; on slow links they are the fastest.
    assert figure.regions[0].mark.label == "none, rounds:100"
    assert {"none", "none, rounds:100", "topk 21x"} <= set(labels)
    assert not drawn.legend and len(labels) == 8
    assert drawn.note.endswith("14 more methods are in the tables only.")
    rounds = figure.series[labels.index("none, rounds:100")]
    # 600 local steps of 53 ms and 40 ms of a round each; six exchanges of 4 MB take 3.2 s each at 10 Mbit/s.
    place = min(range(len(rounds.x)), key=lambda index: abs(rounds.x[index] - 1e7))
    assert figure.y.unit == "min"
    assert 60 * rounds.y[place] == pytest.approx(600 * 0.093 + 6 * 3.2, rel=0.02)


def test_the_time_of_the_run_has_a_unit_that_suits_it(records: list[dict[str, Any]]) -> None:
    drawn = panel(records, "20kbit")
    assert drawn is not None and isinstance(drawn.figures[0], RegionLines)
    none = drawn.figures[0].series[0]
    # 600 steps of about 3200 s each at 10 kbit/s: 530 h.
    assert (drawn.figures[0].y.unit, none.x[0]) == ("h", 1e4)
    assert none.y[0] == pytest.approx(533, rel=0.1)
