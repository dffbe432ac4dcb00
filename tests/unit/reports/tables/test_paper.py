"""The column of papers: there for rows that follow one, with its source, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import column, only_section, table_of

Maker = Callable[..., dict[str, Any]]


def rows(make_record: Maker, **more: Any) -> list[dict[str, Any]]:
    cell = {"dataset": {"synthetic": more.pop("synthetic", False)}, "model": "vgg19"} | more
    records = [
        make_record(compressor=name, ratio=ratio, **cell)
        for name, ratio in (("none", None), ("topk", 100.0), ("rsdgc", 20.0), ("rsdgc", 100.0))
    ]
    for record in records:
        record["cell"]["dataset"] = "nwpu45"
    return records


def test_a_row_at_the_papers_ratio_has_its_number_and_source(make_record: Maker) -> None:
    section = only_section(rows(make_record))
    comparison = table_of(section, "Comparison")
    assert [one.title for one in comparison.columns[:5]] == ["Method", "OA", "vs none", "Paper", "Ratio"]
    shown = column(comparison, "Paper")
    assert {label: text.partition(" [")[0] for label, text in shown.items()} == {
        "none": "-",
        "topk 100x": "-",
        "rsdgc 20x": "-",
        "rsdgc 100x": "+0.51",
    }
    mark = int(shown["rsdgc 100x"].partition("[")[2].rstrip("]"))
    assert section.notes[mark - 1].startswith("Xie et al., TGRS 2024 (arXiv 2312.17530)")


def test_other_settings_have_no_such_column(make_record: Maker) -> None:
    for more in ({"model": "resnet50"}, {"synthetic": True}):
        titles = [one.title for one in table_of(only_section(rows(make_record, **more)), "Comparison").columns]
        assert "Paper" not in titles
