"""Links that are asked for: ``report --link``, ``list links``, and what a dry run says of cells with links."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]


@pytest.fixture
def recorded(rsbench: Call, launcher: Any) -> None:
    """A result folder with two finished cells."""
    assert rsbench("compare", "--compressor", "none", "--compressor", "topk").exit_code == 0


def test_a_report_answers_for_a_link(rsbench: Call, recorded: None) -> None:
    result = rsbench(
        "report", "--link", "10Mbit/s", "--latency", "600ms", "--contact", "8m/95m", "--format", "json,csv"
    )
    assert result.exit_code == 0, result.output
    assert "On a link of 10 Mbit/s, 600 ms round trip, there 8 min of each 95 min" in " ".join(result.output.split())
    report = json.loads(Path("rsbench-results/report.json").read_text())
    assert report["sections"][0]["tables"][2]["title"].startswith("On a link of 10 Mbit/s, 600 ms round trip")
    assert {(row["link"], row["method"]) for row in report["links"]} == {
        ("10mbit:latency=600ms", "none"),
        ("10mbit:latency=600ms", "topk 50x"),
    }
    assert Path("rsbench-results/links.csv").read_text().count("\n") == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--link", "goe"), 'There is no link "goe". Did you mean "geo"?'),
        (("--latency", "600ms"), "--latency is of a link: name one, such as --link 10mbit."),
        (("--link", "geo", "--contact", "8m"), "write 8m/95m"),
        (("--compare", "a", "b", "--link", "geo"), "and excludes DIR, --against, --mix-hardware and --link."),
    ],
)
def test_what_is_no_link_is_refused_with_one_sentence(rsbench: Call, arguments: tuple[str, ...], words: str) -> None:
    result = rsbench("report", *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_links_are_listed_with_their_sources(rsbench: Call) -> None:
    output = " ".join(rsbench("list", "links").output.split())
    assert "geo 48 Mbit/s down, 4.4 Mbit/s up, 683 ms round trip Ookla, Starlink" in output
    assert "10gbit 10 Gbit/s IEEE Std 802.3, 10GBASE-T, full duplex" in output


def test_a_dry_run_says_hours_and_bytes_on_links(rsbench: Call, launcher: Any) -> None:
    plain = " ".join(rsbench("compare", "--dry-run", "--compressor", "none").output.split())
    assert "Links:" not in plain
    geo = ("--dry-run", "--link", "geo")
    output = " ".join(rsbench("compare", *geo, "--compressor", "none", "--compressor", "topk").output.split())
    assert "Links: in 2 cells a worker sends" in output
    assert "modelled from the plan, not overlapped with computing" in output
    assert "exchange off links and compression" in output
    assert "passes" not in output
    passing = (*geo, "--compressor", "none", "--contact", "1s/95m")
    output = " ".join(rsbench("compare", *passing).output.split())
    assert "With links that are there 1 s of each 95 min these cells take" in output and " passes, " in output


def test_contacts_are_for_plans(rsbench: Call, launcher: Any) -> None:
    result = rsbench("compare", "--contact", "8m/95m")
    assert result.exit_code == 2
    assert "give it with --dry-run, or to rsbench report" in result.output
    assert launcher.ran == []
