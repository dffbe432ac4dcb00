"""Texts in LaTeX: every special character is drawn as it is."""

from __future__ import annotations

import pytest

from rsbench.reports.formats.latex_text import escape


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("-6.0 [-6.0, -6.0]", "$-$6.0 {[}$-$6.0, $-$6.0{]}"),
        ("+2.0 [-1.5, +5.5] ~", r"+2.0 {[}$-$1.5, +5.5{]} $\sim$"),
        ("rs-dgc --seeds 0,,1", "rs-dgc -{}-seeds 0,{},1"),
        ("50 % of a_b & c#1", r"50 \% of a\_b \& c\#1"),
        ("a\n\nb\x00c", "a b c"),
        ("é 地図!", r"é \rsbenchother{地図}{U+5730 U+56F3}!"),
    ],
)
def test_reports_latex_escapes(text: str, wanted: str) -> None:
    assert escape(text) == wanted
