"""The works behind a report: unknown names and wrong declarations cite nothing."""

from __future__ import annotations

from typing import Any

from rsbench.models.bibliography import declared, with_bibliography
from rsbench.references import Reference
from rsbench.reports import build_report

WORK = Reference(key="a", kind="misc", authors=("A, B",), title="T")


def test_what_is_declared_wrongly_is_left_out() -> None:
    assert declared(type("Foreign", (), {"references": ("a paper", WORK, 3)})) == (WORK,)
    assert declared(type("Foreign", (), {"references": 3})) == declared(None) == ()


def test_unknown_names_cite_nothing(grid_records: list[dict[str, Any]]) -> None:
    for record in grid_records:
        record["cell"] |= {"dataset": "of-another-package", "model": "mine.nets:make"}
    bibliography = with_bibliography(build_report(grid_records)).bibliography
    assert (bibliography.datasets, bibliography.models) == ({"of-another-package": ()}, {"mine.nets:make": ()})
    assert [work.key for work in bibliography.compressors["dgc"]] == ["lin2018dgc"]
