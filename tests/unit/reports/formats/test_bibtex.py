"""BibTeX: entries, each once, in the order of their keys, with nothing that breaks a file."""

from __future__ import annotations

from rsbench.references import Reference
from rsbench.reports.formats import bibtex

PAPER = Reference(
    key="b2020",
    kind="article",
    authors=("Müller, A. & B.", "others"),
    title="50 % of {SGD",
    year="2020",
    details=(("journal", "J_1"),),
)


def test_an_entry_is_escaped_and_its_braces_are_balanced() -> None:
    assert bibtex.render([PAPER]) == (
        "@article{b2020,\n"
        "  author = {Müller, A. \\& B. and others},\n"
        "  title = {{50 \\% of \\textbraceleft{}SGD}},\n"
        "  year = {2020},\n"
        "  journal = {J\\_1},\n"
        "}\n"
    )


def test_works_come_once_by_key_and_without_empty_fields() -> None:
    software = Reference(key="a", kind="misc", authors=("rsbench developers",), title="rsbench")
    text = bibtex.render([PAPER, software, PAPER])
    assert text.startswith("@misc{a,\n  author = {{rsbench developers}},\n  title = {{rsbench}},\n}\n\n@article{b2020,")
    assert text.count("@") == 2
