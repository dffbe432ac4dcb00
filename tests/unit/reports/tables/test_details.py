"""Learning rates and the Pareto front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import column, only_section, table_of

from rsbench.reports import build_report

Maker = Callable[..., dict[str, Any]]


def test_reports_middle_of_the_grid_is_no_edge(make_record: Maker) -> None:
    records = [make_record(lr=lr, oa=oa) for lr, oa in ((0.01, 0.5), (0.05, 0.6), (0.1, 0.55))]
    section = only_section(records)
    assert not any("edge" in note or "only learning rate" in note for note in section.notes)


def test_reports_one_rate_is_noted(make_record: Maker) -> None:
    section = only_section([make_record()])
    assert any("only learning rate" in note for note in section.notes)
    assert not any(table.title.startswith("Validation OA") for table in section.tables)


def test_reports_mark_the_pareto_front(grid_records: list[dict[str, Any]]) -> None:
    [section] = build_report(grid_records).sections
    pareto = column(table_of(section, "Accuracy and bytes"), "Pareto")
    assert pareto == {"none": "-", "topk 100x": "-", "dgc 100x": "-", "rsdgc 100x": "yes", "noop": "-"}


def test_reports_say_of_how_many_variants_a_row_is_the_best(make_record: Maker) -> None:
    """Three texts of rsdgc at 100x and one at 50x on the tuning seed; dgc alone has no variants."""
    tuned = {"provenance": {"tuning_seed": 9}}
    tried = {
        ("rsdgc", 100.0): (0.01, 0.05),
        ("rsdgc:policy=lamp", 100.0): (0.01, 0.05),
        ("rsdgc:momentum=0.5", 100.0): (0.05,),
        ("rsdgc:policy=lamp", 50.0): (0.05,),
        ("dgc", 100.0): (0.05,),
    }
    records = [make_record(seed=0, **tuned)]
    for (text, ratio), rates in tried.items():
        records += [make_record(compressor=text, ratio=ratio, lr=lr, seed=9, oa=0.7 + lr, **tuned) for lr in rates]
    for text, ratio in (("rsdgc:policy=lamp", 100.0), ("rsdgc:policy=lamp", 50.0), ("dgc", 100.0)):
        records.append(make_record(compressor=text, ratio=ratio, seed=0, **tuned))
    section = only_section(records)
    variants = column(table_of(section, "Accuracy and bytes"), "Variants tried")
    assert variants == {
        "none": "-",
        "rsdgc:policy=lamp 100x": "3 at 1 to 2 rates",
        "rsdgc:policy=lamp 50x": "-",
        "dgc 100x": "-",
    }
    assert any(note.startswith("Variants tried: option texts of one compressor") for note in section.notes)
    plain = only_section(
        [
            record
            for record in records
            if record["cell"]["compressor"] != "rsdgc:momentum=0.5" and record["cell"]["compressor"] != "rsdgc"
        ]
    )
    assert "Variants tried" not in [one.title for one in table_of(plain, "Accuracy and bytes").columns]
