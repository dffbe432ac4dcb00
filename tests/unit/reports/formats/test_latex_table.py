"""One table in LaTeX: decimal columns, units in headings, notes as letters, pieces."""

from __future__ import annotations

from rsbench.reports.document.table import Column, Table
from rsbench.reports.formats.latex_table import LONG, Marked, table_text

NAME = Column(title="Method", align="left")


def lines(*rows: tuple[str, ...], columns: tuple[Column, ...], marked: Marked | None = None) -> list[str]:
    return table_text(Table(title="t", columns=columns, rows=rows), marked or Marked()).splitlines()


def test_numbers_stand_in_decimal_columns_with_what_follows_them() -> None:
    text = lines(
        ("none", "79.7 ± 0.4", "-", "1,050"),
        ("topk", "9.71", "-6.0 [-6.0, -5.9] ~", "failed_1"),
        columns=(NAME, Column(title="OA", unit="%", better="higher"), Column(title="vs none"), Column(title="Steps")),
    )
    assert text[4:9] == [
        r"\begin{tabular}{@{}lS[table-format=2.2,table-space-text-post={{ $\pm$ 0.4}}]"
        r"S[table-format=+1.1,table-space-text-post={{ {[}$-$6.0, $-$5.9{]} $\sim$}}]S[table-format=4]@{}}",
        r"\toprule",
        r"Method & {OA (\%) $\uparrow$} & {vs none} & {Steps} \\",
        r"\midrule",
        r"none & 79.7 { $\pm$ 0.4} & {-} & 1050 \\",
    ]
    assert text[9] == r"topk & 9.71 & -6.0 { {[}$-$6.0, $-$5.9{]} $\sim$} & {failed\_1} \\"


def test_a_unit_that_all_numbers_share_goes_into_the_heading() -> None:
    text = "\n".join(
        lines(
            ("a", "1.00x", "4.00 MB"),
            ("b", "100x", "40.0 kB"),
            columns=(NAME, Column(title="Ratio", better="higher"), Column(title="Bytes")),
        )
    )
    assert r"{Ratio (x) $\uparrow$} & Bytes" in text
    assert r"a & 1.00 & 4.00 MB \\" in text
    assert "lS[table-format=3.2]r@" in text


def test_notes_become_letters_by_first_use_and_stand_under_the_table() -> None:
    marked = Marked(notes=("first", "second & last"), cites={0: "lin2018dgc,aji2017sparse"})
    text = lines(("dgc [2] [3]", "1.5 [1]"), ("x", "2.5 [2]"), columns=(NAME, Column(title="OA")), marked=marked)
    assert (
        r"dgc {[}3{]}\textsuperscript{a}\rsbenchcite{lin2018dgc,aji2017sparse} & 1.5 {\textsuperscript{b}} \\" in text
    )
    assert r"x & 2.5 {\textsuperscript{a}} \\" in text
    assert text[text.index(r"\begin{tablenotes}\footnotesize\raggedright") + 1 :][:2] == [
        r"\item[a] second \& last",
        r"\item[b] first",
    ]


def test_twenty_eight_notes_have_letters() -> None:
    notes = tuple(f"note {number}" for number in range(28))
    rows = [(f"r [{number}]", "1") for number in range(1, 29)]
    text = lines(*rows, columns=(NAME, Column(title="OA")), marked=Marked(notes=notes))
    assert [line.split()[0] for line in text if line.startswith(r"\item")][25:] == [
        r"\item[z]",
        r"\item[aa]",
        r"\item[ab]",
    ]


def test_wide_tables_are_smaller_and_then_cut_by_columns() -> None:
    def drawn(count: int) -> str:
        columns = (NAME, *(Column(title=f"a column {index:02}") for index in range(count)))
        return "\n".join(lines(("none", *["1"] * count), columns=columns))

    assert not any(size in drawn(9) for size in ("small", "footnotesize", "scriptsize"))
    assert r"{\footnotesize\sisetup" in drawn(12)
    assert drawn(12).count(r"\begin{tabular}") == 1
    assert r"{\scriptsize\sisetup" in drawn(30)
    assert drawn(30).count(r"\begin{longtable}") == drawn(30).count("none & ") == 3
    assert drawn(30).count("(more columns)") == 2


def test_long_tables_have_captions_of_their_own() -> None:
    marked = Marked(caption="All rows.", label="tab:all")
    text = lines(*[("r", "1")] * (LONG + 1), columns=(NAME, Column(title="OA")), marked=marked)
    assert text[4] == r"\caption{All rows.}\label{tab:all}\\"
    assert "threeparttable" not in "".join(text)
