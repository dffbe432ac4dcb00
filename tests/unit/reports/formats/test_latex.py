"""LaTeX: it compiles without overfull boxes or undefined citations, whatever the records hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rsbench.models.bibliography import with_bibliography
from rsbench.reports import build_report, write_report
from rsbench.reports.document.table import Column, Report, Section, Table
from rsbench.reports.formats import latex
from rsbench.reports.formats.latex_table import LONG

PACKAGES = ("booktabs", "siunitx", "threeparttable", "adjustbox", "float")
needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None
    or any(
        subprocess.run(["kpsewhich", f"{name}.sty"], capture_output=True, check=False).returncode for name in PACKAGES
    ),
    reason=f"needs pdflatex with {', '.join(PACKAGES)}",
)


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-1500:]
    return done.stdout


def compiles(folder: Path, name: str) -> None:
    """Compile as a user does; refuse any overfull box, undefined reference or warning of BibTeX."""
    draw = ("pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex")
    run(folder, *draw)
    if r"\citation{" in (folder / f"{name}.aux").read_text():
        assert "Warning" not in run(folder, "bibtex", name)
        run(folder, *draw)
    run(folder, *draw)
    log = (folder / f"{name}.log").read_text(errors="replace")
    assert not re.findall(r"Overfull .*|.*undefined.*|.*multiply.defined.*|.*siunitx Warning.*", log)
    assert (folder / f"{name}.pdf").stat().st_size > 1000


def wide(record: dict[str, Any], tensors: int) -> dict[str, Any]:
    """Return a record whose table of densities has many rows."""
    if record["traffic"]:
        record["traffic"]["density_per_tensor"] = {f"layer_{index}.w{{": 0.01 for index in range(tensors)}
    return record


@needs_tex
@pytest.mark.long
def test_reports_latex_compiles_with_hostile_text_and_long_tables(
    tmp_path: Path, hostile_records: list[dict[str, Any]], grid_records: list[dict[str, Any]]
) -> None:
    records = [*hostile_records, *(wide(record, 90) for record in grid_records)]
    write_report(with_bibliography(build_report(records, [hostile_records[2]["reason"]])), tmp_path, ["tex"])
    assert any("longtable" in path.read_text() for path in (tmp_path / "tables").iterdir())
    compiles(tmp_path, "report")


@needs_tex
@pytest.mark.long
def test_tables_wider_and_longer_than_the_page_stay_on_it(tmp_path: Path) -> None:
    columns = (Column(title="Method", align="left"), *(Column(title=f"COLUMN {i} MM", unit="%") for i in range(18)))
    rows = [(f"method {i} with a long name", *["-99.9 [-99.9, +99.9] ~ [1]"] * 18) for i in range(LONG + 20)]
    tables = (
        Table(title="Wide", columns=columns, rows=tuple(rows[:5])),
        Table(title="Long", columns=columns[:6], rows=tuple(row[:6] for row in rows)),
        Table(title="Both", columns=columns, rows=tuple(rows)),
    )
    section = Section(title="A", facts=(), tables=tables, notes=("A note. " * 40,), conclusion="None.")
    write_report(
        Report(title="t", sections=(section,), problems=(), methods=tables[0], cells=tables[0]), tmp_path, ["tex"]
    )
    compiles(tmp_path, "report")


@needs_tex
@pytest.mark.long
def test_reports_latex_tables_go_into_a_paper(tmp_path: Path, target_records: list[dict[str, Any]]) -> None:
    write_report(with_bibliography(build_report(target_records)), tmp_path, ["latex"])
    packages = r"\usepackage{booktabs,longtable,siunitx,threeparttable,adjustbox}"
    paper = (
        rf"\documentclass[twocolumn]{{article}}\usepackage[T1]{{fontenc}}{packages}\begin{{document}}"
        r"\begin{table}\caption{Ours}\input{tables/1-comparison}\end{table}"
        r"\bibliographystyle{plain}\bibliography{report}\end{document}"
    )
    (tmp_path / "paper.tex").write_text(paper)
    compiles(tmp_path, "paper")


def test_every_table_has_a_caption_and_a_label_of_its_own(tmp_path: Path, grid_records: list[dict[str, Any]]) -> None:
    records = [wide(record, 90) for record in grid_records]
    paths = write_report(records, tmp_path, ["tex"])
    text = "".join(path.read_text() for path in paths)
    tables = [path.stem for path in paths if path.parent.name == "tables"]
    assert len(tables) == 7
    assert sorted(re.findall(r"\\label\{tab:([^}]*)\}", text)) == sorted(tables)
    assert text.count(r"\caption{") == len(tables)


def test_the_works_of_rows_data_and_model_are_cited(grid_records: list[dict[str, Any]]) -> None:
    report = with_bibliography(build_report(grid_records))
    keys = {work.key for work in latex.cited(report)}
    assert keys == {
        *("rsbench", "li2020ddp", "yang2010ucm", "aji2017sparse", "stich2018sparsified", "lin2018dgc", "xie2024rsdgc")
    }
    assert r"2 workers on cpu~\cite{yang2010ucm}." in latex.render(report)


def test_a_report_without_works_cites_nothing(tmp_path: Path, grid_records: list[dict[str, Any]]) -> None:
    paths = write_report(grid_records, tmp_path, ["tex"])
    text = "".join(path.read_text() for path in paths)
    assert r"\cite{" not in text.replace(r"\providecommand{\rsbenchcite}[1]{~\cite{#1}}", "")
    assert r"\bibliography" not in text
    assert not (tmp_path / "report.bib").exists()


def test_the_best_is_bold_which_the_notes_explain(tmp_path: Path) -> None:
    columns = (Column(title="Method", align="left"), Column(title="OA", unit="%"), Column(title="Break-even"))
    rows = (("none", "90.1 ± 0.2", "-"), ("dgc 100x", "91.0 ± 0.1", "< 3 Gbit/s"))
    table = Table(title="Comparison", columns=columns, rows=rows, best=frozenset({(1, 1), (1, 2)}))
    section = Section(title="A", facts=(), tables=(table,), notes=(), conclusion="None.")
    report = Report(title="t", sections=(section,), problems=(), methods=table, cells=table)
    write_report(report, tmp_path, ["tex"])
    text = (tmp_path / "tables" / "1-comparison.tex").read_text()
    assert r"none & 90.1 { $\pm$ 0.2} & - \\" in text
    assert r"dgc 100x & \bfseries 91.0 { $\pm$ 0.1} & \textbf{\textless{} 3 Gbit/s} \\" in text
    assert "Bold" not in latex.render(report), "the section's notes say what it means"
