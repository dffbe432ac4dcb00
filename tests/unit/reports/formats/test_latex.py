"""LaTeX: it compiles, whatever the records hold."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rsbench.reports import build_report, write_report
from rsbench.reports.formats import latex

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
