"""Plots: one of every kind, any text, odd numbers, no colours of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich_records import (
    changed,
    rich,
    with_all,
    with_history,
    with_targets,
)

from rsbench.links.asked import read_asked
from rsbench.reports import build_report
from rsbench.reports.document.figure import Axis, Figure, Heat, Lines, Mark, Region, RegionLines, Series
from rsbench.reports.html import page as html
from rsbench.reports.html import plots, svg

Maker = Callable[..., dict[str, Any]]


def all_figures(make_record: Maker, tmp_path: Path) -> list[Figure]:
    records = [
        with_targets(record) for record in (make_record(model="detector"), make_record(model="detector", seed=1))
    ]
    for record in records:
        record["accuracy"]["test"] |= {"oa": 0.9, "aa": 0.9, "kappa": 0.9, "confusion": [[1, 0], [0, 1]]}
    records += [*rich(make_record, tmp_path), *(make_record(workers=workers, model="m") for workers in (2, 4))]
    report = build_report(records, asked=read_asked(["geo", "1mbit"]))
    panels = [panel for section in report.sections for panel in section.figures] + list(report.figures)
    return [figure for panel in panels for figure in panel.figures]


def test_plots_of_every_kind_are_xml_without_colours_of_their_own(make_record: Maker, tmp_path: Path) -> None:
    kinds = set()
    for number, figure in enumerate(all_figures(make_record, tmp_path)):
        if type(figure) not in plots.DRAWN:
            continue
        kinds.add(type(figure))
        svg = plots.draw(figure, f"f{number}")
        names = ' xmlns:xlink="http://www.w3.org/1999/xlink"'
        root = ElementTree.fromstring(svg.replace("<svg", f"<svg{names}", 1))
        assert figure.title in str(root.get("aria-label"))
        assert set(re.findall(r"(?:fill|stroke): (#\w+)", svg)) <= {"#ffffff"}
        assert "abcd" not in re.sub(r"base64,[^\"]*", "", svg)
        assert "font-family" not in svg
        assert "DejaVu" not in svg
        assert svg == plots.draw(figure, f"f{number}")
        assert len(svg) < 60_000
    assert kinds == set(plots.DRAWN)


def test_plots_keep_any_text_as_text() -> None:
    label = "$a_1$ <b> & 地図 #abcd01"
    mark = Mark(label=label, style=1)
    series = Series(mark=mark, x=(1.0, 2.0), y=(1.0, 2.0), half=(None, 0.1), tip=label)
    axis = Axis(title=label)
    svg = plots.draw(Lines(title=label, caption="", x=axis, y=axis, series=(series,)), "a")
    texts = "".join(ElementTree.fromstring(svg.replace("xlink:", "")).itertext())
    assert texts.count(label) == 3  # both axes and the tip
    long = Heat(
        title="t",
        caption="",
        rows=("very_long_class_name_that_has_no_room", "b"),
        columns=("1", "2"),
        row_title="r",
        column_title="c",
        values=((1.0, 0.0), (0.5, 0.5)),
        scale=("0", "1"),
    )
    assert "very_long_c…as_no_room" in plots.draw(long, "b")


def test_plots_styles_of_42_methods_differ() -> None:
    assert len({(svg.hue(style), plots.shape(style)) for style in range(1, 43)}) == 42
    assert (svg.hue(0), plots.shape(0)) == (0, 0)
    assert all(svg.hue(style) and plots.shape(style) for style in range(1, 43))


@pytest.mark.parametrize("odd", [0, -1, 1e300])
@pytest.mark.parametrize(
    "path",
    [
        ("history", 0, "payload_bytes_total"),
        ("history", 0, "density_per_tensor", "features.0.weight"),
        ("traffic", "payload_bytes_per_step"),
        ("time", "compress_s"),
    ],
)
def test_plots_of_odd_numbers_are_drawn(odd: Any, path: tuple[Any, ...], make_record: Maker, tmp_path: Path) -> None:
    good = with_history(make_record(), epochs=2)
    record = changed(with_all(make_record, tmp_path), path, odd)
    if record is not None:
        drawn: list[str] = []

        def keep(figure: Figure, name: str) -> str:
            drawn.append(plots.draw(figure, name))
            return ""

        html.render(build_report([good, record]), keep)
        assert len(drawn) > 3
        assert not re.search(r"\b(nan|inf)\b", "".join(drawn), flags=re.IGNORECASE)


def test_a_name_wider_than_its_region_stands_a_line_higher_and_ticks_keep_apart() -> None:
    marks = [Mark(label=label, style=style) for style, label in enumerate(("none", "rsdgc 100x", "redsync 20x"))]
    xs = tuple(10.0 ** (power / 2) for power in range(8, 21))
    ends = (1e4, 3e8, 9e8, 1e10)
    figure = RegionLines(
        title="Time of the run",
        caption="",
        x=Axis(title="link speed of a worker", unit="bit/s", log=True),
        y=Axis(title="run", unit="h", log=True),
        series=tuple(
            Series(mark=mark, x=xs, y=tuple(1e10 / x for x in xs), half=(None,) * 13, tip="") for mark in marks
        ),
        regions=tuple(
            Region(mark=mark, low=low, high=high)
            for mark, low, high in zip((marks[1], marks[2], marks[0]), ends, ends[1:], strict=False)
        ),
    )
    svg = plots.draw(figure, "f")
    assert (svg.count(">rsdgc 100x<"), svg.count(">redsync 20x<"), svg.count(">none<")) == (2, 2, 2), "region and line"
    assert [text for text in re.findall(r">([\d.]+ [kMG]bit/s)<", svg)] == [
        "10 kbit/s",
        "1 Mbit/s",
        "100 Mbit/s",
        "10 Gbit/s",
    ]
