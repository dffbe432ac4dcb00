"""The table of how well uncertainties find wrong pixels, and what other tables say of change maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from change_records import ENTROPY, of_changes
from report_parts import only_section

from rsbench.errors import RsbenchError
from rsbench.reports import build_report
from rsbench.results import schema

Maker = Callable[..., dict[str, Any]]
TITLE = "Uncertainty: how well it finds the wrong pixels"


def table_of(section: Any, title: str = TITLE) -> Any:
    """The table of that title."""
    return next(table for table in section.tables if table.title == title)


def test_each_method_has_a_row_for_each_uncertainty(make_record: Maker) -> None:
    own = {"auroc": 0.9, "f1_surest": 0.8}
    records = [
        of_changes(make_record(seed=0), network=own, entropy=ENTROPY),
        of_changes(make_record(seed=1), network={**own, "auroc": 0.8}, entropy={"auroc": None, "f1_surest": 0.7}),
        of_changes(make_record(compressor="topk", ratio=50.0)),
    ]
    for record in records:
        schema.check(record)
    table = table_of(only_section(records))
    assert table.rows == (
        ("none", "the network's own", "66.7 ± 0.0", "0.850 ± 0.071", "80.0 ± 0.0"),
        ("none", "entropy of the probability", "66.7 ± 0.0", "0.750", "70.0 ± 0.0"),
        ("topk 50x", "entropy of the probability", "66.7", "0.750", "70.0"),
    )
    assert any("0.5 is no better than chance" in note for note in only_section(records).notes)


def test_other_tasks_have_no_such_table(make_record: Maker) -> None:
    assert not any(table.title == TITLE for table in only_section([make_record()]).tables)


def test_calling_every_pixel_changed_is_a_row_in_percent(make_record: Maker) -> None:
    section = only_section([of_changes(make_record())])
    row = table_of(section, "Comparison").rows[-1]
    share = 0.15
    assert row[:3] == ("all change (no training)", f"{100 * 2 * share / (1 + share):.1f}", "-40.6")
    assert table_of(section, "Accuracy and bytes in detail").rows[-1][1:6] == ("15.0", "15.0", "100.0", "15.0", "0.000")


def test_a_network_no_better_than_all_change_judges_no_compressor(make_record: Maker) -> None:
    bad = [[800, 50], [120, 30]]
    section = only_section([of_changes(make_record(), bad), of_changes(make_record(compressor="topk", ratio=9.0), bad)])
    assert "None itself reaches 26.1 % F1 of change where guessing gives 26 %" in section.conclusion


def test_undefined_scores_are_dashes(make_record: Maker) -> None:
    record = of_changes(make_record(), [[900, 0], [100, 0]], entropy={"auroc": None, "f1_surest": None})
    schema.check(record)
    section = only_section([record])
    assert table_of(section).rows == (("none", "entropy of the probability", "0.0", "-", "-"),)
    assert table_of(section, "Accuracy and bytes in detail").rows[0][2] == "-", "no change was predicted: no precision"


def test_flat_files_hold_the_scores_with_all_their_digits(make_record: Maker) -> None:
    report = build_report([of_changes(make_record(seed=0)), of_changes(make_record(seed=1))])
    for table in (report.methods, report.cells):
        titles = [column.title for column in table.columns]
        at = titles.index("test_entropy_auroc")
        assert table.values[0][at : at + 2] == (0.75, 0.7)
        assert "test_network_auroc" not in titles, "only where some network has an uncertainty of its own"


@pytest.mark.parametrize("wrong", [{"entropy": {"auroc": 1.5}}, {"entropy": [0.5]}, [0.5]])
def test_what_is_no_score_is_refused(make_record: Maker, wrong: Any) -> None:
    record = of_changes(make_record())
    record["accuracy"]["test"]["uncertainty"] = wrong
    with pytest.raises(RsbenchError, match=r"accuracy\.test\.uncertainty.*objects of numbers from 0 to 1"):
        schema.check(record)
