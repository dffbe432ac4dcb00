"""The page: every text survives, nothing is fetched, pictures and plots are bounded."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from exchange_records import with_exchange
from report_parts import no_draw
from rich_records import (
    changed,
    leaves,
    png,
    rich,
    with_all,
    with_confusion,
    with_history,
    with_pictures,
)

from rsbench.links.asked import read_asked
from rsbench.reports import build_report
from rsbench.reports.document.figure import Figure
from rsbench.reports.html import page as html
from rsbench.reports.html.page import Album

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


def test_html_keeps_every_text_and_shows_what_is_not_printable(make_record: Maker) -> None:
    record = make_record(dataset={"title": NASTY, "part": NASTY}, provenance={"argv": ["x", NASTY], "os": NASTY})
    failed = make_record(compressor="topk", ratio=10.0, status="failed", reason=NASTY)
    page = Page(html.render(build_report([with_confusion(record, [NASTY, "b"]), failed], [NASTY]), no_draw))
    shown = NASTY.replace("\r", "\\r")
    assert page.texts.count(shown) == 3  # the reason in its cell, the operating system, and the problem
    assert f"part: {shown}" in page.texts
    assert f"{shown}, smallvgg, 2 workers on cpu" in page.texts
    assert f"x {shlex.quote(shown)}" in page.texts
    assert any(text.startswith("Most often") and f"taken for {shown}" in text for text in page.texts)


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
    assert len(drawn) == 12  # all there are


DRAWN_FROM = ("history", "accuracy", "traffic", "provenance")


@pytest.mark.parametrize("odd", [None, {}, -1, 1e300])
def test_html_of_records_edited_anywhere_never_crashes(odd: Any, make_record: Maker, tmp_path: Path) -> None:
    good = with_history(make_record(), epochs=2)
    paths = leaves({name: with_all(make_record, tmp_path)[name] for name in DRAWN_FROM})[1:]
    for path in paths:
        record = changed(with_all(make_record, tmp_path), path, odd)
        if record is not None:
            html.render(build_report([good, record]), no_draw)


@pytest.mark.parametrize("odd", [None, 0, -1, 1e300])
def test_html_of_links_of_records_edited_anywhere_never_crashes(odd: Any, make_record: Maker) -> None:
    good = [with_exchange(make_record(history=True)), with_exchange(make_record(compressor="dgc", ratio=9.0))]
    asked = read_asked(["geo"], contact="8m/95m")
    names = ("exchange", "time", "traffic")
    for path in leaves({name: good[1][name] for name in names})[1:]:
        record = changed(with_exchange(make_record(compressor="dgc", ratio=9.0)), path, odd)
        if record is not None:
            html.render(build_report([good[0], record], asked=asked), no_draw)


def test_html_has_the_script_of_links_where_it_computes(make_record: Maker) -> None:
    records = [with_exchange(make_record()), with_exchange(make_record(compressor="dgc", ratio=9.0))]
    plain, asked = (build_report(records, asked=read_asked(links)) for links in ([], ["geo", "1mbit"]))
    alone = html.render(build_report(records[:1]), no_draw)
    assert "script.advisor" not in alone and "advisor-form" in alone  # in the style
    page = html.render(plain, no_draw)
    assert page.count('<script type="application/json" class="advisor">') == 1
    assert page.count('<script type="application/json" class="calculator">') == 0
    page = html.render(asked, no_draw)
    assert page.count('<script type="application/json" class="calculator">') == 2
    assert page.count("script.calculator") == 1


def test_html_cards_of_methods_keep_their_order_without_advice(make_record: Maker) -> None:
    busy = [with_exchange(make_record(), load=9.0), with_exchange(make_record(compressor="dgc", ratio=100.0))]
    text = html.render(build_report(busy), no_draw)
    assert "Nothing is said of links" in text and 'class="scroll cards methods"' in text
    assert "Shaded:" not in text
