"""The page of a made-up study of eight methods at three ratios: what a reader sees first, and that it can be read."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, find_browser
from report_parts import no_draw
from study_records import study_records

from rsbench.links.asked import read_asked
from rsbench.reports import build_report, write_report
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.link_answer import answer
from rsbench.reports.analysis.on_link import OnLink
from rsbench.reports.analysis.settings import split_by_setting
from rsbench.reports.document.figure import Figure, Points, RegionLines
from rsbench.reports.html import page as html
from rsbench.reports.html import plots

CHROMIUM = find_browser()
AXE = Path(os.environ.get("RSBENCH_AXE", "node_modules/axe-core/axe.min.js"))
"""The file of npm's axe-core, where somebody has it."""
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
Maker = Callable[..., dict[str, Any]]
BOX = "(({left, top, right, bottom}) => [left, top, right, bottom])"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def heroes_only(figure: Figure, name: str) -> str:
    """Draw the two figures that stand first, which takes less time than all."""
    return plots.draw(figure, name) if isinstance(figure, Points | RegionLines) else no_draw(figure, name)


@pytest.fixture
def page(make_record: Maker, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(html.render(build_report(study_records(make_record)), heroes_only), encoding="utf-8")
    return path


def boxes(browser: Browser, elements: str) -> list[list[float]]:
    """Return left, top, right and bottom of elements."""
    return [
        list(map(float, box))
        for box in browser.run(f"[...{elements}].map((one) => {BOX}(one.getBoundingClientRect()))")
    ]


def test_the_first_screen_answers_and_names_in_figures_keep_apart(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280, height=800)
    answers = ("h2", ".lead", ".answer table", ".advisor-form output", ".trust")
    for part in answers:  # setting; which method, ratio, link and cost; the reader's own link; trust
        (box,) = boxes(browser, f"document.querySelectorAll('#section-1 {part}')")
        assert box[3] < 800, part
    sizes = "[...document.querySelectorAll('main *')].map((one) => parseFloat(getComputedStyle(one).fontSize))"
    assert browser.run(
        f"Math.max(...{sizes}) === parseFloat(getComputedStyle(document.querySelector('.lead')).fontSize)"
    )
    for figure in (1, 2):
        texts = f"document.querySelectorAll('.hero:nth-child({figure}) svg text')"
        found = boxes(browser, texts)
        assert len(found) > 12
        for (left, top, right, bottom), other in itertools.combinations(found, 2):
            across, down = min(right, other[2]) - max(left, other[0]), min(bottom, other[3]) - max(top, other[1])
            assert across < 1 or down < 4, "letters are lower than their boxes"
    names = browser.run("[...document.querySelectorAll('.hero:nth-child(1) svg text')].map((one) => one.textContent)")
    assert {"none", "topk", "randomk", "dgc", "rsdgc", "gcc", "ok-topk", "redsync", "threshold"} <= set(names)
    assert {"20x", "100x", "1000x"} <= set(names)
    assert browser.run("document.querySelectorAll('.hero .legend').length") == 0
    assert browser.complaints() == []


def test_on_a_phone_a_row_is_a_card_that_begins_with_what_is_read_first(browser: Browser, page: Path) -> None:
    browser.open(page, width=390, height=844)
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert browser.run("[...document.querySelectorAll('.cards')].every((one) => one.scrollWidth <= one.clientWidth)")
    cells = boxes(browser, "document.querySelector('.methods tbody').rows[4].cells")
    name, oa, gap, ratio, break_even, *others = cells
    assert name[3] <= gap[1] == ratio[1] == break_even[1]
    assert gap[2] <= ratio[0] and ratio[2] <= break_even[0] and break_even[2] <= 390
    assert all(box[1] >= gap[3] for box in (oa, *others))
    labels = "[...document.querySelector('.methods tbody').rows[4].cells].slice(1).map((one) => one.dataset.label)"
    assert browser.run(labels)[:4] == ["OA (%)", "vs none (points)", "Ratio", "Break-even"]


def test_a_readers_own_link_is_answered_as_the_report_would(browser: Browser, page: Path, make_record: Maker) -> None:
    (setting,) = split_by_setting(study_records(make_record))
    comparison = Comparison(setting)
    browser.open(page, width=1280, height=800)
    form = "document.querySelector('.advisor-form')"
    for mbit, ms in ((1000, 0), (10, 600), (300, 45), (0.5, 0), (40_000, 0), (3500, 0)):
        for place, value in enumerate((mbit, ms)):
            browser.run(f"{form}.querySelectorAll('input')[{place}].value = '{value}'")
        browser.run(f"{form}.dispatchEvent(new Event('input'))")
        (link,) = read_asked([f"{mbit}mbit:latency={ms}ms"]).links
        on_link = OnLink(comparison=comparison, link=link)
        expected = answer(on_link).partition(", and ")[0].rstrip(".")
        assert browser.run(f"{form}.querySelector('output').textContent").rstrip(".") == expected, (mbit, ms)
        hours = browser.run("[...document.querySelector('.methods tbody').rows].map((row) => row.cells[8].textContent)")
        unit = browser.run(
            "document.querySelector('.methods thead').rows[0].cells[8].querySelector('small').textContent"
        )
        assert on_link.reference is not None
        none_s = on_link.reference.run_s
        assert unit == ("(h)" if none_s >= 3600 else "(min)" if none_s >= 60 else "(s)")
        seconds = {"(h)": 3600, "(min)": 60, "(s)": 1}[unit]
        taken = [on_link.runs[method.label].run_s / seconds for method in comparison.methods]
        assert [float(text) for text in hours] == pytest.approx(taken, rel=0.006)


def type_speed(browser: Browser, text: str) -> str:
    """Type a speed into the page's form and return the answer."""
    form = "document.querySelector('.advisor-form')"
    browser.run(f"{form}.querySelector('input').value = '{text}'")
    browser.run(f"{form}.dispatchEvent(new Event('input'))")
    return str(browser.run(f"{form}.querySelector('output').textContent"))


YOUR_LINK = "[...document.querySelector('.methods tbody').rows].map((row) => row.cells[8].textContent)"


def test_what_is_no_link_gets_no_answer(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280, height=800)
    for text in ("", "-5", "abc", "0", "1,500", "1e-300", "1e308"):
        assert type_speed(browser, text).startswith("Type a speed above 0 and a round trip of 0 or more."), text
        assert set(browser.run(YOUR_LINK)) == {"-"}
    assert type_speed(browser, "1,5").startswith("On a link of 1.5 Mbit/s: use ")
    assert browser.complaints() == []


def test_hours_of_a_readers_own_link_stay_sorted(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280, height=800)
    browser.run("document.querySelector('.methods thead').rows[0].cells[8].querySelector('button').click()")
    for speed in ("1000", "0.5", "100000"):
        type_speed(browser, speed)
        hours = [float(text) for text in browser.run(YOUR_LINK)]
        assert hours == sorted(hours), speed


def test_links_that_were_asked_for_are_all_answered_under_the_lead(
    browser: Browser, make_record: Maker, tmp_path: Path
) -> None:
    path, asked = tmp_path / "report.html", read_asked(["10mbit:latency=600ms", "1gbit"], contact="8m/95m")
    path.write_text(html.render(build_report(study_records(make_record), asked=asked), no_draw), encoding="utf-8")
    browser.open(path, width=1280, height=800)
    lead, *also = browser.run("[...document.querySelectorAll('.lead, .also')].map((one) => one.textContent)")
    assert lead.startswith("On a link of 10 Mbit/s, 600 ms round trip")
    assert also[0].startswith("On a link of 1.0 Gbit/s") and also[1].startswith("Below ")
    assert "On a link of" not in browser.run("document.querySelector('.trust').textContent")
    form = "document.querySelector('.advisor-form')"
    assert browser.run(f"[...{form}.querySelectorAll('input')].map((one) => one.value)") == ["10", "600"]
    assert "without passes" in browser.run(f"{form}.textContent")


def test_the_command_is_copied_and_files_beside_the_page_are_linked(
    browser: Browser, make_record: Maker, tmp_path: Path
) -> None:
    record = make_record(provenance={"argv": ["rsbench", "compare", "--note", "x" * 300]})
    paths = write_report([record], tmp_path, ["html", "csv", "json"])
    assert [path.name for path in paths] == ["report.html", "methods.csv", "cells.csv", "report.json"]
    browser.open(paths[0], width=1280, height=800)
    links = browser.run("[...document.querySelectorAll('a:not([href^=\"#\"])')].map((one) => one.getAttribute('href'))")
    assert links == ["cells.csv", "methods.csv", "cells.csv", "report.json"]
    assert browser.run(
        "document.querySelector('.run pre').scrollWidth <= document.querySelector('.run pre').clientWidth"
    )
    browser.run("document.querySelector('.copy').click()")
    assert browser.run("getSelection().toString()").startswith("rsbench compare --note xxx")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm install axe-core, RSBENCH_AXE")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(browser: Browser, page: Path, width: int, scheme: str) -> None:
    browser.open(page, width=width, height=844, scheme=scheme)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
    browser.run(AXE.read_text(encoding="utf-8") + "; 1")
    found = browser.run(
        "axe.run().then(({violations}) => "
        "violations.map((one) => [one.impact, one.id, one.nodes[0].html.slice(0, 200)]))"
    )
    assert [one for one in found if one[0] in ("serious", "critical")] == []
