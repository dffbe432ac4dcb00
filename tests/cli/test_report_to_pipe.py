"""``rsbench report --out -`` and ``--quiet``, and the endings of commands whose output nobody reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rsbench.reports import write_report

Call = Callable[..., Result]


@pytest.fixture
def results(rsbench: Call, no_torch: None) -> None:
    rsbench("compare", "--compressor", "none", "--compressor", "topk")


@pytest.fixture
def really_written(monkeypatch: pytest.MonkeyPatch, results: None) -> None:
    """The report's files are written after all."""
    monkeypatch.setattr("rsbench.reports.write_report", write_report)


def test_json_goes_to_standard_output_alone(rsbench: Call, really_written: None) -> None:
    result = rsbench("report", "--format", "json", "--out", "-")
    assert result.exit_code == 0, result.output
    assert [row["compressor"] for row in json.loads(result.stdout)["methods"]] == ["none", "topk"]
    assert result.stderr == "" and not Path("-").exists()


def test_markdown_goes_to_standard_output_alone(rsbench: Call, really_written: None) -> None:
    assert rsbench("report", "--format", "md", "--out", "-").stdout.startswith("# rsbench report\n")


@pytest.mark.parametrize(
    ("formats", "words"),
    [
        ("csv", "The format csv has 2 files (methods.csv, cells.csv): name a folder with --out"),
        ("md,json", "--out - takes one format, not markdown, json"),
    ],
)
def test_what_has_several_files_needs_a_folder(rsbench: Call, really_written: None, formats: str, words: str) -> None:
    result = rsbench("report", "--format", formats, "--out", "-")
    assert (result.exit_code, result.stdout) == (2, "") and words in result.stderr


def test_quiet_prints_the_paths_alone(rsbench: Call, really_written: None) -> None:
    result = rsbench("report", "--format", "md", "--out", "there", "--quiet")
    assert result.stdout.splitlines() == ["Written: there/report.md"]


def test_a_reader_that_leaves_ends_a_list_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rsbench", "list", "compressors", "-v"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment, text=True
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
    assert "Traceback" not in told and "Error" not in told
    assert process.returncode == 0


PRINTING = """
import os, sys
from rich.table import Table
from rsbench.console import make_console, pipe, say

def by_lines(console):
    for number in range(50_000):
        say(console, f"line {number}")

def by_a_table(console):
    for number in range(50):
        table = Table("number")
        for row in range(200):
            table.add_row(str(row))
        console.print(table)

def by_a_file(console):
    pipe("line\\n" * 500_000)
    pipe("line\\n" * 500_000)

globals()[sys.argv[1]](make_console())
print("the work went on", file=sys.stderr)
"""


@pytest.mark.parametrize("way", ["by_lines", "by_a_table", "by_a_file"])
def test_a_reader_that_leaves_ends_the_printing_and_not_the_work(way: str) -> None:
    command = [sys.executable, "-c", PRINTING, way]
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}  # a buffer that cannot be written is tried again at the end
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered) as writer:
        assert writer.stdout is not None and writer.stderr is not None
        assert writer.stdout.readline()
        writer.stdout.close()
        said = writer.stderr.read().decode()
        assert (writer.wait(60), said) == (0, "the work went on\n")
