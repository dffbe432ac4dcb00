"""``rsbench list``: tables that fit 80 columns, the same facts as JSON, hints apart from results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
LISTS = ("compressors", "datasets", "links", "partitions", "plans", "sync")


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("columns", [40, 80])
def test_tables_fit_the_width(rsbench: Call, monkeypatch: pytest.MonkeyPatch, what: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = rsbench("list", what)
    assert result.exit_code == 0
    table = result.stdout.partition("Options of rounds")[0].splitlines()
    assert max(map(len, table)) <= columns
    assert "\x1b" not in result.output


@pytest.mark.parametrize("what", LISTS)
def test_json_is_one_document_with_a_row_for_every_name(rsbench: Call, what: str) -> None:
    result = rsbench("list", what, "--json")
    document = json.loads(result.stdout)
    assert list(document) == ["rsbench", what] and result.stderr == ""
    names = [row.get("name") or row["form"] for row in document[what]]
    assert len(names) == len(set(names)) >= 5
    shown = " ".join(rsbench("list", what).stdout.split())
    assert all((row.get("family") or name) in shown for row, name in zip(document[what], names, strict=True))


def test_hints_go_to_standard_error(rsbench: Call) -> None:
    result = rsbench("list", "plans")
    assert "paper-scene" in result.stdout and "Use: rsbench compare --plan" not in result.stdout
    assert "Use: rsbench compare --plan NAME" in result.stderr


def test_names_choose_rows(rsbench: Call) -> None:
    document = json.loads(rsbench("list", "datasets", "houston2013", "--json").stdout)
    [houston] = document["datasets"]
    assert houston["homepage"] == "https://machinelearning.ee.uh.edu/?page_id=459"
    assert houston["origin"] == "homepage" and houston["default"]["image_size_px"] == 9
    shown = rsbench("list", "datasets", "houston2013", "-v").stdout
    assert "Homepage: https://machinelearning.ee.uh.edu/?page_id=459" in shown and "ucm21" not in shown
    unknown = rsbench("list", "datasets", "houston2014")
    assert unknown.exit_code == 2 and 'Did you mean "houston2013"?' in unknown.stderr


def test_files_are_listed_with_all_their_addresses(rsbench: Call) -> None:
    [ucm] = json.loads(rsbench("list", "datasets", "ucm21", "--json").stdout)["datasets"]
    archive = ucm["files"][0]
    assert archive["file"] == "UCMerced_LandUse.zip" and len(archive["addresses"]) == 2
    assert archive["md5"] == "5b7ec56793786b6dc8a908e8854ac0e4"


def test_runs_are_a_table_of_folders_given(rsbench: Call, no_torch: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rsbench("compare", "--out", "one", "--compressor", "none", "--compressor", "dgc")
    rsbench("compare", "--out", "two", "--compressor", "topk", "--seeds", "3")
    (damaged,) = Path("one").glob("cells/*dgc*/record.json")
    damaged.write_text("{")
    monkeypatch.setenv("COLUMNS", "80")
    result = rsbench("list", "runs", "one", "two", "-v")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    heads = [row[:2] for row in rows]
    assert rows[0] == ["Cell", "Status", "Test", "Last", "run", "Started", "(UTC)"]
    assert ["none", "seed=0"] in heads and ["topk", "50x"] in heads
    assert "2 of 3 cells in one, two are done." in result.stdout
    assert "is damaged or cut short" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()[:5]) <= 80
    assert rsbench("list", "runs", "nowhere").exit_code == 2


def test_runs_as_json(rsbench: Call, no_torch: None) -> None:
    rsbench("compare", "--compressor", "none", "--compressor", "topk")
    (lost,) = Path("rsbench-results").glob("cells/*topk*/record.json")
    lost.unlink()
    runs = {run["label"].split()[0]: run for run in json.loads(rsbench("list", "runs", "--json").stdout)["runs"]}
    assert runs["none"]["status"] == "done" and runs["none"]["test"]["oa"] == pytest.approx(0.9)
    assert runs["none"]["cell"]["seed"] == 0 and Path(runs["none"]["folder"]).is_dir()
    assert runs["topk"]["status"] == "unfinished" and runs["topk"]["test"] is None
