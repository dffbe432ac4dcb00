"""Links on the page, in a real browser: what it computes is what the report prints. Skipped without a Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, find_browser
from link_records import with_exchange

from rsbench.links.asked import read_asked
from rsbench.reports import build_report
from rsbench.reports.document.table import Table
from rsbench.reports.html import page as html

CHROMIUM = find_browser()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

Maker = Callable[..., dict[str, Any]]
LINKS = ((0.02, 0), (4.4, 683), (10, 600), (250, 45), (10_000, 0), (1_000, 2000), (0.5, 0.2))
"""Mbit/s and ms: bytes decide, latency decides, TCP's window decides."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def records(make_record: Maker) -> list[dict[str, Any]]:
    slow = {"compress_s": 60.0, "decompress_s": 4.0}
    records = [
        make_record(history=True),
        make_record(compressor="dgc", ratio=100.0, split_ms=slow, history=True),
        make_record(compressor="rsdgc", ratio=20.0, split_ms=slow, oa=0.5, history=True),
        make_record(compressor="noop"),
    ]
    return [*map(with_exchange, records), make_record(compressor="fp16")]


def written(records: list[dict[str, Any]], folder: Path, *links: str) -> Path:
    """Return the page of a report on links that are there in passes."""
    report = build_report(records, asked=read_asked(links, contact="8m/95m"))
    return html.write(report, folder)[0]


def printed(records: list[dict[str, Any]], mbit: float, ms: float) -> Table:
    """Return the table that a report on that link prints."""
    asked = read_asked([f"{mbit}mbit:latency={ms:g}ms"], contact="8m/95m")
    return next(table for table in build_report(records, asked=asked).sections[0].tables if table.calculator)


def enter(browser: Browser, mbit: float, ms: float) -> None:
    for place, value in enumerate((mbit, ms)):
        field = f"document.querySelectorAll('.calculator-form')[0].querySelectorAll('input')[{place}]"
        browser.run(f"{field}.value = '{value}'")
        browser.run(f"{field}.dispatchEvent(new Event('input', {{bubbles: true}}))")


def shown(browser: Browser) -> list[list[str]]:
    """Return the first table of a link as the page shows it."""
    table = "document.querySelector('script.calculator').nextElementSibling.nextElementSibling.querySelector('table')"
    script = f"[...{table}.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
    return [[str(text) for text in row] for row in browser.run(script)]


def without_marks(text: str) -> str:
    return text.partition(" ?")[0]


def test_the_page_computes_what_the_report_prints(
    browser: Browser, records: list[dict[str, Any]], tmp_path: Path
) -> None:
    browser.open(written(records, tmp_path, "geo"), width=1280, height=844)
    for mbit, ms in LINKS:
        enter(browser, mbit, ms)
        expected = [list(row) for row in printed(records, mbit, ms).rows]
        assert [list(map(without_marks, row)) for row in shown(browser)] == [
            list(map(without_marks, row)) for row in expected
        ], (mbit, ms)
    assert browser.complaints() == []


def test_the_page_says_which_link_it_shows_and_goes_back(
    browser: Browser, records: list[dict[str, Any]], tmp_path: Path
) -> None:
    browser.open(written(records, tmp_path, "geo"), width=1280, height=844)
    heading = "document.querySelector('script.calculator').previousElementSibling.textContent"
    title, before = browser.run(heading), shown(browser)
    assert title.startswith("On geo (48 Mbit/s down")
    enter(browser, 20, 300)
    assert browser.run(heading) == (
        "On a link of 20 Mbit/s, 300 ms round trip, there 8 min of each 95 min (modelled, computed here)"
    )
    assert shown(browser) != before
    browser.run("document.querySelector('.calculator-form button').click()")
    assert (browser.run(heading), shown(browser)) == (title, before)
    enter(browser, 20, 300)
    enter(browser, 4.4, 683)
    assert (browser.run(heading), shown(browser)) == (title, before)


def test_what_is_no_link_changes_nothing(browser: Browser, records: list[dict[str, Any]], tmp_path: Path) -> None:
    browser.open(written(records, tmp_path, "geo"), width=1280, height=844)
    before = shown(browser)
    for speed in ("", "0", "-5"):
        field = "document.querySelector('.calculator-form input')"
        browser.run(f"{field}.value = '{speed}'")
        browser.run(f"{field}.dispatchEvent(new Event('input', {{bubbles: true}}))")
        assert shown(browser) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_window_and_fetches_nothing(
    browser: Browser, records: list[dict[str, Any]], tmp_path: Path, width: int, scheme: str
) -> None:
    page = written(records, tmp_path, "geo", "1mbit")
    browser.open(page, width=width, height=844, scheme=scheme)
    assert browser.run("document.querySelectorAll('.calculator-form').length") == 2
    assert browser.run("document.documentElement.scrollWidth") == width
    assert [url for url in browser.requests() if not url.startswith("data:")] == [page.resolve().as_uri()]
    assert browser.complaints() == []


def test_computed_columns_are_sorted_as_numbers(
    browser: Browser, records: list[dict[str, Any]], tmp_path: Path
) -> None:
    browser.open(written(records, tmp_path, "geo"), width=1280, height=844)
    enter(browser, 1, 0)
    form = "document.querySelector('.calculator-form').nextElementSibling"
    browser.run(
        f"[...{form}.querySelectorAll('thead button')].find((one) => one.textContent.startsWith('Run')).click()"
    )
    assert [row[0] for row in shown(browser)] == ["noop", "dgc 100x", "rsdgc 20x", "fp16", "none"]
