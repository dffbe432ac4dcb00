"""The page: every text survives, nothing is fetched, plots are bounded and need no colours of their own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich_records import png, with_confusion, with_history, with_pictures, with_targets

from rsbench.errors import RsbenchError
from rsbench.reports import build_report
from rsbench.reports.document.figure import Axis, Figure, Heat, Lines, Mark, Series
from rsbench.reports.document.table import Column
from rsbench.reports.html import page as html
from rsbench.reports.html import plots
from rsbench.reports.html.page import Album
from rsbench.reports.html.text import sort_value
from rsbench.results import schema

Maker = Callable[..., dict[str, Any]]
NASTY = 'a|b <i>&amp; \n\r\nλ 地図_x, "quoted" \'s {{ 1 }} {% x %} </script><!-- `c` \\'
BLOCKS = {"td", "th", "li", "dd", "p", "h1", "h2", "h3", "h4", "figcaption", "code", "summary"}
VOID = {"meta", "img", "input", "br", "wbr", "link"}


class Page(HTMLParser):
    """Reads a page and complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.addresses: list[str] = []
        self.texts: list[str] = [""]
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")
            if name in ("src", "srcset", "action", "data", "poster", "xlink:href"):
                self.addresses.append(value or "")
        if tag in BLOCKS:
            self.texts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in BLOCKS:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


def no_draw(figure: Figure, name: str) -> str:
    return f'<svg aria-label="{name}"></svg>'


def rich(make_record: Maker, tmp_path: Path) -> list[dict[str, Any]]:
    records = [
        with_history(make_record(compressor=name, ratio=ratio, seed=seed, oa=0.8 + seed / 100), epochs=6)
        for seed in (0, 1)
        for name, ratio in (("none", None), ("topk", 100.0), ("rsdgc", 100.0))
    ]
    names = ["Healthy grass", "水", "Parking <1>"]
    return [with_pictures(with_confusion(record, names), tmp_path / record["key"]) for record in records]


def test_html_keeps_every_text_to_the_letter(make_record: Maker) -> None:
    record = make_record(dataset={"title": NASTY, "part": NASTY}, provenance={"argv": ["x", NASTY], "os": NASTY})
    failed = make_record(compressor="topk", ratio=10.0, status="failed", reason=NASTY)
    page = Page(html.render(build_report([with_confusion(record, [NASTY, "b"]), failed], [NASTY]), no_draw))
    assert page.texts.count(NASTY) == 3  # the reason in its cell, the operating system, and the problem
    assert f"part: {NASTY}" in page.texts
    assert f"{NASTY}, smallvgg, 2 workers on cpu" in page.texts
    assert f"x {shlex.quote(NASTY)}" in page.texts
    assert any(text.startswith("Most often") and f"taken for {NASTY}" in text for text in page.texts)


def test_html_is_whole_and_points_nowhere_else(make_record: Maker, tmp_path: Path) -> None:
    text = html.render(build_report(rich(make_record, tmp_path), ["a problem"]))
    page = Page(text)
    assert len(set(page.ids)) == len(page.ids)
    anchors = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert {link for link in page.links if not link.startswith(("#", "data:image/png"))} == set()
    assert anchors <= set(page.ids)
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in page.addresses)
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", without_names)
    assert "default-src 'none'" in text


def test_html_is_the_same_bytes_again(make_record: Maker, tmp_path: Path) -> None:
    records = rich(make_record, tmp_path)
    assert html.render(build_report(records), no_draw) == html.render(build_report(records), no_draw)


def test_html_marks_lead_to_their_notes(grid_records: list[dict[str, Any]]) -> None:
    report = build_report(grid_records)
    page = Page(html.render(report, no_draw))
    (section,) = report.sections
    texts = {text for table in section.tables for row in table.rows for text in row}
    assert texts <= set(page.texts)
    marks = {int(mark) for text in texts for mark in re.findall(r"\[(\d+)\]", text)}
    assert len(marks) > 2
    assert {link for link in page.links if "-note-" in link} == {f"#section-1-note-{number}" for number in marks}
    for number, note in enumerate(section.notes, start=1):
        assert f"section-1-note-{number}" in page.ids
        assert note in page.texts


def test_html_tells_what_failed_and_why(grid_records: list[dict[str, Any]]) -> None:
    text = html.render(build_report(grid_records), no_draw)
    failures = text[text.index('<article id="missing">') :]
    assert "rank 1 was killed by signal 9\n(SIGKILL)" in failures
    assert "no end within 600 s" in failures
    assert "28 of 30 cells done, 1 failed, 1 timeout" in failures


def test_html_of_nothing() -> None:
    page = html.render(build_report([], ["The record x is damaged."]))
    assert "No cells are recorded." in page
    assert "The record x is damaged." in page


def test_html_pictures_are_embedded_and_missing_ones_counted(make_record: Maker, tmp_path: Path) -> None:
    record = with_pictures(make_record(), tmp_path, files=("map.png", "gone.png", "text.png"))
    (tmp_path / "text.png").write_text("no picture")
    page = html.render(build_report([record]), no_draw)
    assert page.count('src="data:image/png;base64,') == 1
    assert "Pictures that are missing, damaged or too large for this page: 2." in page


def test_html_pictures_keep_to_their_budget(tmp_path: Path) -> None:
    size = len(png(8, 8))
    for name in "abc":
        (tmp_path / name).write_bytes(png(8, 8))
    album = Album(2 * size)
    assert [bool(album.source(tmp_path / name)) for name in ("a", "a", "b", "c", "a")] == [
        True,
        True,
        True,
        False,
        True,
    ]


def test_html_plots_are_bounded_and_shared_out(make_record: Maker, tmp_path: Path) -> None:
    drawn: list[str] = []

    def count(figure: Figure, name: str) -> str:
        drawn.append(name)
        return ""

    records = []
    for epochs in range(1, 31):
        one = [make_record(epochs=epochs), make_record(epochs=epochs, compressor="rsdgc", ratio=10.0)]
        records += [with_confusion(with_history(record, epochs=3), ["a", "b"]) for record in one]
    text = html.render(build_report(records), count)
    assert len(drawn) == len(set(drawn)) == 60
    assert "s1-1-1" in drawn
    assert "s1-2-1" in drawn
    assert "Left out to keep the page small: 6. A report on fewer cells has all." in text
    drawn.clear()
    html.render(build_report(records[:2]), count)
    assert len(drawn) == 11  # all there are


def all_figures(make_record: Maker, tmp_path: Path) -> list[Figure]:
    records = [
        with_targets(record) for record in (make_record(model="detector"), make_record(model="detector", seed=1))
    ]
    for record in records:
        record["accuracy"]["test"] |= {"oa": 0.9, "aa": 0.9, "kappa": 0.9, "confusion": [[1, 0], [0, 1]]}
    records += [*rich(make_record, tmp_path), *(make_record(workers=workers, model="m") for workers in (2, 4))]
    report = build_report(records)
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
    series = Series(mark=mark, x=(1.0, 2.0), y=(1.0, 2.0), sd=(None, 0.1), tip=label)
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
    assert len({(plots.hue(style), plots.shape(style)) for style in range(1, 43)}) == 42
    assert (plots.hue(0), plots.shape(0)) == (0, 0)
    assert all(plots.hue(style) and plots.shape(style) for style in range(1, 43))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(leaf for key, item in value.items() for leaf in leaves(item, (*path, key)))]
    if isinstance(value, list) and value:
        return [path, *leaves(value[0], (*path, 0))]
    return [path]


def changed(record: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any] | None:
    section = record
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = odd
    try:
        schema.check(record)
    except RsbenchError:
        return None
    return record


DRAWN_FROM = ("history", "accuracy", "traffic", "provenance")


def with_all(make_record: Maker, tmp_path: Path) -> dict[str, Any]:
    record = with_history(make_record(compressor="rsdgc", ratio=10.0), epochs=2, tensors=2)
    return with_pictures(with_confusion(record, ["a", "b"]), tmp_path)


@pytest.mark.parametrize("odd", [None, {}, -1, 1e300])
def test_html_of_records_edited_anywhere_never_crashes(odd: Any, make_record: Maker, tmp_path: Path) -> None:
    good = with_history(make_record(), epochs=2)
    paths = leaves({name: with_all(make_record, tmp_path)[name] for name in DRAWN_FROM})[1:]
    for path in paths:
        record = changed(with_all(make_record, tmp_path), path, odd)
        if record is not None:
            html.render(build_report([good, record]), no_draw)


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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("45.2 kB", 45200.0),
        ("4.52 MB", 4.52e6),
        ("71.9 ± 0.6", 71.9),
        ("-8.5 [-12.8, -4.2] ~", -8.5),
        ("+1.2", 1.2),
        ("1005x [1]", 1005.0),
        ("< 1.3 Gbit/s", 1.3e9),
        ("> 120 Mbit/s", 1.2e8),
        ("0.103 (17.weight)", 0.103),
        ("1,234", 1234.0),
        ("12", 12.0),
        ("2 of 3", 2.0),
        ("never", 0.0),
        ("always", 1e30),
    ],
)
def test_html_numbers_are_sorted_by_their_size(text: str, value: float) -> None:
    column = Column(title="a")
    shown = sort_value(column, text)
    assert float(shown or text.replace(",", "")) == value
    assert sort_value(Column(title="a", align="left"), text) == ""


@pytest.mark.parametrize("text", ["-", "", "tuning", "failed and timeout"])
def test_html_what_is_no_number_has_no_size(text: str) -> None:
    assert sort_value(Column(title="a"), text) == ""
