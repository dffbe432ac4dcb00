"""The page in a real browser: both widths, both schemes, keyboard, nothing fetched. Skipped without a Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, find_browser
from rich_records import with_confusion, with_history, with_pictures

from rsbench.reports import write_report
from rsbench.reports.html import page as html

CHROMIUM = find_browser()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
WIDTHS = {"desktop": 1280, "phone": 390, "small phone": 360}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(tmp_path: Path, grid_records: list[dict[str, Any]]) -> Path:
    long = "rsdgc:momentum_masking=false,policy=uniform,selector=exact"
    for record in grid_records:
        if record["cell"]["compressor"] == "dgc":
            record["cell"]["compressor"] = long
        if record["cell"]["compressor"] == "topk" and record["traffic"]:
            record["traffic"]["one_d_share"] = 0.5
    records = [with_history(record, epochs=5) for record in grid_records]
    records += [
        with_pictures(with_confusion(record | {"cell": record["cell"] | {"model": "fusion"}}, ["水", "b"]), tmp_path)
        for record in records
    ]
    (path,) = write_report(records, tmp_path, ["html"], problems=["x" * 300])
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_page_fits_the_window_and_fetches_nothing(browser: Browser, page: Path, width: int, scheme: str) -> None:
    browser.open(page, width=width, height=844, scheme=scheme)
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run("innerWidth") == width
    for open_all in (False, True):
        browser.run(f"for (const one of document.querySelectorAll('details')) one.open = {str(open_all).lower()}")
        assert browser.run("document.documentElement.scrollWidth") == width
    assert [url for url in browser.requests() if not url.startswith("data:image/png")] == [page.resolve().as_uri()]
    assert browser.complaints() == []


def test_page_scheme_follows_the_system_until_the_button_is_used(browser: Browser, page: Path) -> None:
    paper, button = "getComputedStyle(document.body).backgroundColor", "document.querySelector('.bar > button')"
    browser.open(page, width=1280, height=844, scheme="dark")
    assert browser.run(paper) == "rgb(20, 23, 27)"
    stroke = "getComputedStyle(document.querySelector('figure svg text')).fill"
    dark_ink = browser.run(stroke)
    browser.run(f"{button}.focus()")
    browser.press("Enter")
    assert browser.run(paper) == "rgb(255, 255, 255)"
    assert browser.run(stroke) != dark_ink
    browser.open(page, width=1280, height=844, scheme="dark")
    assert browser.run(paper) == "rgb(255, 255, 255)"
    browser.run("localStorage.clear()")


def column(browser: Browser, index: int) -> list[str]:
    script = (
        f"[...document.querySelector('.methods table').tBodies[0].rows].map((row) => row.cells[{index}].textContent)"
    )
    return [str(text) for text in browser.run(script)]


def test_page_tables_are_sorted_by_keyboard_as_numbers_with_units(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280, height=844)
    before = column(browser, 5)
    assert before[0] == "4.00 MB"
    heading = "document.querySelector('.methods thead').rows[0].cells[5]"
    browser.run(f"{heading}.querySelector('button').focus()")
    browser.press("Enter")
    assert browser.run(f"{heading}.getAttribute('aria-sort')") == "ascending"
    assert column(browser, 5) == ["0 B", "40.0 kB", "40.0 kB", "40.0 kB", "4.00 MB"]
    browser.press(" ")
    assert browser.run(f"{heading}.getAttribute('aria-sort')") == "descending"
    assert column(browser, 5) == ["4.00 MB", "40.0 kB", "40.0 kB", "40.0 kB", "0 B"]
    browser.press("Enter")
    assert browser.run(f"{heading}.hasAttribute('aria-sort')") is False
    assert column(browser, 5) == before


def test_page_unknown_values_come_last_either_way(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280, height=844)
    heading = "document.querySelector('.methods thead').rows[0].cells[7].querySelector('button')"
    for _ in range(2):
        browser.run(f"{heading}.click()")
        assert column(browser, 7)[-1] == "-"


def test_page_cells_can_be_filtered(browser: Browser, page: Path) -> None:
    browser.open(page, width=390, height=844)
    browser.run("document.querySelector('.filtered').open = true")
    browser.run("document.querySelector('.filtered input').value = 'TOPK timeout'")
    browser.run("document.querySelector('.filtered input').dispatchEvent(new Event('input'))")
    shown = "[...document.querySelectorAll('.filtered tbody tr')].filter((row) => row.offsetHeight > 0).length"
    assert browser.run(shown) == 2


def test_page_numbers_stand_in_line(browser: Browser, page: Path) -> None:
    """Marks after a number do not push it out of its column."""
    browser.open(page, width=1280, height=844)
    script = """[...document.querySelector('.methods table').tBodies[0].rows].map((row) => {
        const range = document.createRange();
        range.selectNodeContents(row.cells[3].firstChild);
        return Math.round(range.getBoundingClientRect().right);
    })"""
    assert len(set(browser.run(script))) == 1
    assert [len(text.split(" [")) for text in column(browser, 3)] == [1, 2, 1, 1, 1]


def test_page_rows_of_numbers_are_one_line_high(browser: Browser, page: Path) -> None:
    browser.open(page, width=768, height=844)
    script = "[...document.querySelector('.methods table').tBodies[0].rows].map((row) => row.cells[4].offsetHeight)"
    heights = browser.run(script)
    assert heights[1] == heights[0]
    assert heights[2] > heights[0]  # the long name, broken over lines


def test_page_letters_of_plots_can_be_read_on_a_phone(browser: Browser, page: Path) -> None:
    browser.open(page, width=360, height=740)
    script = """Math.min(...[...document.querySelectorAll('figure svg text')].map((text) =>
        parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.getBoundingClientRect().width / 360))"""
    assert browser.run(script) >= 7
    assert html.MOST_PLOTS > browser.run("document.querySelectorAll('figure svg').length") > 10
