"""`rsbench bundle`: what it holds, what it hides, and that reports read it like the folder."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from result_folders import HOST, NAMES, write_cell, write_results

import rsbench
from rsbench.bundles.opened import open_results
from rsbench.cli.main import main
from rsbench.reports import build_report
from rsbench.results.records import read_records

Maker = Callable[..., dict[str, Any]]


def run(*words: str | Path) -> tuple[str, str]:
    """Run a command that succeeds; return its standard output and standard error."""
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


@pytest.fixture
def results(tmp_path: Path, make_record: Maker) -> Path:
    return write_results(tmp_path / "my-results", make_record)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, make_record: Maker) -> Path:
    """Return the bundle of such a folder, which lies beside it."""
    folder = tmp_path_factory.mktemp("bundled")
    run("bundle", write_results(folder / "my-results", make_record), "-o", folder / "b.zip")
    return folder / "b.zip"


def contents(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def spelt(name: str) -> set[bytes]:
    """Return a name's spellings in texts, JSON, Python and addresses."""
    return {form.encode() for form in (name, json.dumps(name)[1:-1], ascii(name)[1:-1], quote(name))}


def test_no_byte_tells_of_the_machine(bundle: Path) -> None:
    files = contents(bundle)
    assert len(files) == 9 + 4 * 5, sorted(files)
    for name in (*NAMES, str(bundle.parent), str(Path.home()) + "/"):
        found = [file for file, data in files.items() if any(form in data for form in spelt(name))]
        assert found == [], (name, found)
        assert not any(form in bundle.read_bytes() for form in spelt(name))


def test_numbers_are_those_of_the_folder(bundle: Path) -> None:
    files = contents(bundle)
    for folder in (bundle.parent / "my-results" / "cells").iterdir():
        old = json.loads((folder / "record.json").read_text())
        new = json.loads(files[f"cells/{folder.name}/record.json"])
        assert {name for name in old if old[name] != new[name]} == {"provenance"}
        lines = files[f"cells/{folder.name}/samples.jsonl"].decode().splitlines()
        kept = (folder / "samples.jsonl").read_text().splitlines()[:-2]
        assert [json.loads(line) for line in lines[:-1]] == [json.loads(line) for line in kept]
        assert json.loads(lines[-1]) == {"kind": "warning", "text": "<host>: <data>/x.png is grey"}


def test_the_report_of_a_bundle_is_that_of_the_folder(bundle: Path) -> None:
    with open_results([bundle.parent / "my-results", bundle]) as opened:
        of_folder, of_bundle = (build_report(*read_records([folder])) for folder in opened.folders)
    tables = [[table for section in report.sections for table in section.tables] for report in (of_folder, of_bundle)]
    assert tables[0] == tables[1] and len(tables[0]) > 3
    assert of_folder.methods == of_bundle.methods
    assert [section.conclusion for section in of_folder.sections] == [one.conclusion for one in of_bundle.sections]


def test_commands_and_load_read_it(bundle: Path, tmp_path: Path) -> None:
    results = bundle.parent / "my-results"
    out, err = run("report", bundle)
    assert "topk 100x" in out and "Written" not in out
    assert err == "No file is written for a bundle: name a folder with --out.\n"
    out, _ = run("report", bundle, "--out", tmp_path, "--format", "csv")
    assert (tmp_path / "methods.csv").read_text() == contents(bundle)["methods.csv"].decode()
    out, _ = run("report", "--compare", results, bundle)
    assert "A and B have 1 setting in common" in out and f"B: {bundle}" in out
    loaded = rsbench.load(bundle)
    assert loaded.methods.equals(rsbench.load(results).methods)
    assert len(loaded.steps()) == 4 * 5


def test_checksums_are_of_every_other_file_and_the_same_folder_gives_the_same_bytes(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bundle.parent)
    out, _ = run("bundle", "my-results")
    assert out.startswith("Written: my-results.rsbench.zip (4 cells, ")
    assert Path("my-results.rsbench.zip").read_bytes() == bundle.read_bytes()
    files = contents(bundle)
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def test_what_is_left_out_is_said(results: Path, tmp_path: Path, make_record: Maker) -> None:
    (results / "cells" / "begun-f00").mkdir()
    (results / "cells" / "begun-f00" / "job.json").write_text("{}")
    damaged = write_cell(results, make_record(seed=7)) / "record.json"
    damaged.write_text("{")
    _, err = run("bundle", results, "-o", tmp_path / "b.zip")
    said = [line for line in err.splitlines() if line.startswith("Left out")]
    assert said == [
        "Left out: 1 cell that is not finished.",
        "Left out: 1 cell whose record is damaged.",
        "Left out: TensorBoard event files of 4 cells.",
        "Left out: traces of 4 cells.",
        "Left out: weights of 4 cells.",
    ]
    told = json.loads(contents(tmp_path / "b.zip")["bundle.json"])
    assert told["left_out"][0] == "1 cell that is not finished" and told["cells"] == 4
    assert told["versions"][0]["versions"] == {"torch": "2.14.1"}
    assert not any("begun" in name for name in contents(tmp_path / "b.zip"))


def test_a_link_among_the_files_is_not_followed(results: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret\n")
    for folder in (results / "cells").iterdir():
        (folder / "rank1.log").symlink_to(secret)
        (folder / "samples.jsonl").unlink()
        (folder / "samples.jsonl").symlink_to(secret)
    run("bundle", results, "-o", tmp_path / "b.zip")
    files = contents(tmp_path / "b.zip")
    assert not any(name.endswith(("rank1.log", "samples.jsonl")) or b"a secret" in data for name, data in files.items())


def test_a_picture_with_a_name_in_it_is_left_out(results: Path, tmp_path: Path, make_record: Maker) -> None:
    record = make_record(seed=9)
    pictures = [("map.png", b"\x89PNG fine"), ("named.png", f"\x89PNG {HOST}".encode()), ("../up.png", b"\x89PNG")]
    record["accuracy"]["pictures"] = [{"file": file, "title": "map"} for file, _ in pictures]
    folder = write_cell(results, record)
    for file, data in pictures:
        (folder / file).write_bytes(data)
    run("bundle", results, "-o", tmp_path / "b.zip")
    assert [Path(name).name for name in contents(tmp_path / "b.zip") if name.endswith(".png")] == ["map.png"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no-such"], "There is no result folder no-such"),
        (["empty"], "No cell in empty is finished: run `rsbench compare --out empty` first."),
        (["my-results", "-o", "empty"], "empty is a folder: name a file with --out, such as empty/results.rsbench.zip"),
        (["my-results", "-o", "none/b.zip"], "There is no folder none to write b.zip to: make it first."),
    ],
)
def test_mistakes_are_one_sentence(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    result = CliRunner().invoke(main, ["bundle", *words])
    assert result.exit_code == 2 and result.stderr.startswith(f"Error: {sentence}")
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.glob(".*.tmp")) == []


def test_a_file_in_the_place_of_the_folder_is_said_to_be_one(bundle: Path) -> None:
    result = CliRunner().invoke(main, ["bundle", str(bundle)])
    assert result.exit_code == 2
    assert f"{bundle} is a file, not a result folder: name the folder that rsbench compare wrote." in result.stderr
