"""The formats: nothing is lost, nothing is markup by accident, everything fits."""

from __future__ import annotations

import csv
import errno
import html
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rsbench.errors import RsbenchError
from rsbench.reports import FORMATS, build_report, format_names, show, write_report
from rsbench.reports.document.table import Column, Table
from rsbench.reports.formats import csv as comma_separated
from rsbench.reports.formats import latex, markdown
from rsbench.reports.formats.terminal import pieces

Maker = Callable[..., dict[str, Any]]
NASTY = 'a|b <i>\nλ 地図, "quoted" *star* [bold]x[/bold] `c` \\'


def nasty_report(make_record: Maker) -> Any:
    record = make_record(dataset={"title": NASTY})
    failed = make_record(compressor="topk", ratio=10.0, status="failed", reason=NASTY)
    return build_report([record, failed], [NASTY])


def test_reports_csv_reads_back_what_was_written(make_record: Maker) -> None:
    report = nasty_report(make_record)
    rows = list(csv.DictReader(io.StringIO(comma_separated.render(report.cells))))
    assert [row["reason"] for row in rows] == ["", NASTY]
    assert float(rows[0]["test_oa"]) == 0.8
    assert rows[1]["test_oa"] == ""
    methods = list(csv.DictReader(io.StringIO(comma_separated.render(report.methods))))
    assert [row["method"] for row in methods] == ["none", "topk 10x"]
    assert methods[1]["cells_not_done"] == "1"


def test_reports_csv_has_one_row_a_method_with_every_number(grid_records: list[dict[str, Any]]) -> None:
    report = build_report(grid_records)
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(comma_separated.render(report.methods)))}
    assert len(rows) == 5
    rsdgc = rows["rsdgc 100x"]
    assert float(rsdgc["speed_up"]) == pytest.approx(0.100 / 0.114)
    assert rsdgc["break_even"] == "below"
    saved_bits, extra_s = 8 * 3_960_000, (0.114 - 0.005) - (0.100 - 0.047)
    assert float(rsdgc["break_even_bits_per_s"]) == pytest.approx(saved_bits / extra_s)
    assert rows["noop"]["test_oa"] == ""
    assert rows["none"]["oa_minus_none"] == ""


def test_reports_markdown_keeps_nasty_values_in_their_cells(make_record: Maker) -> None:
    text = markdown.render(nasty_report(make_record))
    assert "λ 地図" in text
    assert "<i>" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        pipes = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(pipes) == 1
    assert len([line for line in text.splitlines() if line.startswith("## ")]) == 3


def test_reports_markdown_cell_with_a_pipe_stays_one_cell() -> None:
    table = Table(title="t", columns=(Column(title="a|b", align="left"), Column(title="n")), rows=(("x|y\nz", "1"),))
    assert markdown.escape(table.rows[0][0]) == "x\\|y z"


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_reports_terminal_keeps_to_its_width(width: int, grid_records: list[dict[str, Any]]) -> None:
    stream = io.StringIO()
    report = build_report(grid_records)
    show(report, Console(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    text = stream.getvalue()
    for heading in ("Payload/step", "Break-even", "overlapped", "Wire ratio"):
        assert heading in text
    assert "rsdgc 100x" in text
    assert text.rstrip().endswith(".")


def test_reports_terminal_numbers_are_not_broken_over_lines(grid_records: list[dict[str, Any]]) -> None:
    stream = io.StringIO()
    show(build_report(grid_records), Console(file=stream, width=80))
    assert re.search(r"^rsdgc 100x +81\.7 ± 0\.4 +\+2\.0 \[\+0\.0, \+4\.0\]", stream.getvalue(), flags=re.MULTILINE)


def test_reports_terminal_shows_brackets_and_survives_an_ascii_console(make_record: Maker) -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", write_through=True), width=100)
    show(nasty_report(make_record), console)
    text = raw.getvalue().decode("ascii")
    assert "[bold]x[/bold]" in text
    assert "OA (%) ^" in text


def test_reports_pieces_hold_every_column_once_behind_the_first() -> None:
    columns = tuple(Column(title=f"column {index}") for index in range(9))
    table = Table(title="t", columns=columns, rows=(tuple("x" * index for index in range(9)),))
    cut = pieces(table, 30)
    assert [one.columns[0] for one in cut] == [columns[0]] * len(cut)
    assert [column for one in cut for column in one.columns[1:]] == list(columns[1:])
    assert len(pieces(table, 1000)) == 1
    assert len(pieces(table, 1)) == 8


def test_reports_unknown_format_suggests(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match='mean "markdown"'):
        write_report([], tmp_path, ["markdwon"])
    assert format_names(["md", "markdown", "tex"]) == ["markdown", "latex"]


def test_reports_of_nothing_are_written(tmp_path: Path) -> None:
    paths = write_report([], tmp_path, tuple(FORMATS), problems=["The record x is damaged."])
    texts = {path.name: path.read_text() for path in paths}
    assert {"report.md", "methods.csv", "cells.csv", "report.tex", "report.json"} <= set(texts)
    assert "No cells are recorded." in texts["report.md"]
    assert all("The record x is damaged." in text for name, text in texts.items() if name.startswith("report"))


def test_reports_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RsbenchError, match="disk is full"):
        write_report([], tmp_path)
    assert list(tmp_path.iterdir()) == []


def one_line(text: str) -> str:
    """A text as all but CSV and JSON draw it: control characters are no text."""
    return " ".join(text.translate({0: " ", 0x1F: " "}).split())


def from_latex(text: str) -> str:
    """Undo what ``latex.escape`` does, by a list of its own."""
    text = re.sub(r"\\rsbenchother\{([^{}]*)\}\{[^{}]*\}", r"\1", text)
    words = {"textless": "<", "textgreater": ">", "textbar": "|", "textasciitilde": "~", "textasciicircum": "^"}
    words |= {"textquotedbl": '"', "textquotesingle": "'", "textasciigrave": "`", "textbackslash": "\0"}
    for word, character in words.items():
        text = text.replace(f"\\{word}{{}}", character)
    text = re.sub(r"\{([\[\]*])\}", r"\1", text.replace("$\\pm$", "±").replace("-{}", "-").replace(",{}", ","))
    return re.sub(r"\\([{}&%$#_])", r"\1", text).replace("\0", "\\")


READERS: dict[str, Callable[[str], str]] = {
    "markdown": lambda text: re.sub(r"\\([\\|*_`$~(#+-])", r"\1", html.unescape(text)),
    "csv": lambda text: "\n".join(cell for row in csv.reader(io.StringIO(text)) for cell in row),
    "latex": from_latex,
    "json": lambda text: "\n".join(texts_of(json.loads(text))),
}
"""How a program reads each format back; HTML and what is like it needs its entities undone."""


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", FORMATS)
def test_reports_hostile_text_survives_every_format(
    name: str, tmp_path: Path, hostile_records: list[dict[str, Any]]
) -> None:
    report = build_report(hostile_records, [hostile_records[2]["reason"]])
    paths = FORMATS[name](report, tmp_path)
    read = READERS.get(name, html.unescape)
    wanted = one_line(hostile_records[2]["reason"])
    assert len(wanted) > 70
    found = one_line(read("\n".join(path.read_text(encoding="utf-8") for path in paths)))
    assert found.count(wanted) >= 5, "title, model, warning, note, reason"


def test_reports_half_a_surrogate_pair_is_written(tmp_path: Path, make_record: Maker) -> None:
    record = make_record(status="failed", reason="odd \ud800 text")
    for path in write_report([record], tmp_path, list(FORMATS)):
        path.read_text(encoding="utf-8")


def test_reports_json_has_raw_numbers_under_stable_keys(tmp_path: Path, grid_records: list[dict[str, Any]]) -> None:
    [path] = write_report(grid_records, tmp_path, ["json"])
    report = json.loads(path.read_text())
    assert report["schema"] == 1
    comparison = report["sections"][0]["tables"][0]
    assert [column["key"] for column in comparison["columns"]] == [
        "method",
        "oa",
        "oa_difference",
        "payload_bytes_per_step",
        "compression_ratio",
        "step_time_s",
        "speed_up",
        "break_even",
    ]
    dgc = next(row for row in comparison["rows"] if row["method"]["value"] == "dgc 100x")
    assert dgc["method"]["text"] == "dgc 100x [2]"
    assert dgc["oa"]["value"]["mean"] == pytest.approx(0.8021)
    assert dgc["oa_difference"]["value"]["p_corrected"] < 0.05
    assert dgc["payload_bytes_per_step"] == {"text": "40.0 kB", "value": 40000.0}
    assert dgc["break_even"]["value"]["case"] == "below"
    [none] = [row for row in report["methods"] if row["method"] == "none"]
    assert none["test_oa"] == pytest.approx(0.797)
    assert (none["workers"], none["ratio_asked"], none["on_pareto_front"]) == (2, None, False)
    assert len(report["cells"]) == 30


def test_reports_json_columns_of_equal_names_are_all_kept(tmp_path: Path, make_record: Maker) -> None:
    from rsbench.reports.document.table import Report
    from rsbench.reports.formats import json as json_report

    table = Table(title="t", columns=(Column(title="a"), Column(title="A"), Column(title="a")), rows=(("1", "2", "3"),))
    text = json_report.render(Report(title="", sections=(), problems=(), methods=table, cells=table))
    assert json.loads(text)["methods"] == [{"a": "1", "a_2": "2", "a_3": "3"}]


needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None
    or subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True, check=False).returncode != 0,
    reason="needs pdflatex with booktabs",
)


def compiles(folder: Path, name: str) -> None:
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-1500:]
    assert (folder / name).with_suffix(".pdf").stat().st_size > 1000


@needs_tex
def test_reports_latex_compiles_with_hostile_text_and_long_tables(
    tmp_path: Path, hostile_records: list[dict[str, Any]], grid_records: list[dict[str, Any]]
) -> None:
    for record in grid_records:
        if record["traffic"]:
            record["traffic"]["density_per_tensor"] = {f"layer_{index}.w{{": 0.01 for index in range(90)}
    write_report(build_report([*hostile_records, *grid_records], [hostile_records[2]["reason"]]), tmp_path, ["tex"])
    assert any("longtable" in path.read_text() for path in (tmp_path / "tables").iterdir())
    compiles(tmp_path, "report.tex")


@needs_tex
def test_reports_latex_tables_go_into_a_paper(tmp_path: Path, target_records: list[dict[str, Any]]) -> None:
    write_report(target_records, tmp_path, ["latex"])
    paper = (
        r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs,longtable}\begin{document}"
        r"\begin{table}\input{tables/1-comparison}\caption{Ours}\end{table}\end{document}"
    )
    (tmp_path / "paper.tex").write_text(paper)
    compiles(tmp_path, "paper.tex")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("-6.0 [-6.0, -6.0]", "$-$6.0 {[}$-$6.0, $-$6.0{]}"),
        ("rs-dgc --seeds 0,,1", "rs-dgc -{}-seeds 0,{},1"),
        ("50 % of a_b & c#1", r"50 \% of a\_b \& c\#1"),
        ("a\n\nb\x00c", "a b c"),
        ("é 地図!", r"é \rsbenchother{地図}{U+5730 U+56F3}!"),
    ],
)
def test_reports_latex_escapes(text: str, wanted: str) -> None:
    assert latex.escape(text) == wanted


def test_reports_csv_texts_are_no_formulas_and_numbers_stay_numbers(make_record: Maker) -> None:
    """A reason may come from another machine; a spreadsheet would run what begins like a formula."""
    low = [make_record(seed=seed, oa=0.8) for seed in (0, 1)]
    low += [make_record(compressor="fp16", seed=seed, oa=0.7 - seed / 50) for seed in (0, 1)]
    report = build_report([*low, make_record(compressor="topk", status="failed", reason='=HYPERLINK("x")')])
    cells = list(csv.DictReader(io.StringIO(comma_separated.render(report.cells))))
    assert cells[-1]["reason"] == '\'=HYPERLINK("x")'
    methods = list(csv.DictReader(io.StringIO(comma_separated.render(report.methods))))
    assert float(methods[1]["oa_minus_none"]) == pytest.approx(-0.11)
