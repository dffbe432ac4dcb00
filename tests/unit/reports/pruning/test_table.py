"""The table of training-set selection: what is kept and reached, and what all phases take."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from pruned_records import SCORE_BYTES, pruned
from report_parts import column, comparison_of, only_section, table_of

from rsbench.errors import RsbenchError
from rsbench.reports import build_report
from rsbench.reports.analysis.methods import methods_of
from rsbench.reports.document.table import Notes, Table
from rsbench.reports.formats import markdown
from rsbench.reports.pruning.table import selection_table
from rsbench.results import schema

Maker = Callable[..., dict[str, Any]]


def records(make_record: Maker) -> list[dict[str, Any]]:
    """All samples and three selections under none and rsdgc, over two seeds."""
    found = []
    for seed, noise in enumerate((0.0, 0.004)):
        for name, ratio, lost in (("none", None, 0.0), ("rsdgc", 100.0, 0.02)):
            cell = {"seed": seed, "compressor": name, "ratio": ratio}
            found.append(make_record(oa=0.88 - lost + noise, **cell))
            found.append(pruned(make_record, "tdds:0.5", oa=0.85 - lost + 2 * noise, **cell))
            found.append(pruned(make_record, "tdds:0.5,budget=steps", oa=0.87 - lost, **cell))
            found.append(pruned(make_record, "random:0.5", oa=0.83 - lost - noise, **cell))
    return found


@pytest.fixture
def table(make_record: Maker) -> Table:
    return table_of(only_section(records(make_record)), "Training-set selection")


def test_there_is_no_table_where_all_rows_train_on_all_samples(make_record: Maker) -> None:
    rows = [make_record(), make_record(compressor="topk", ratio=100.0)]
    assert selection_table(comparison_of(rows), Notes()) is None


def test_rows_tell_what_is_kept_and_which_budget_is_equal(table: Table) -> None:
    assert column(table, "Kept")["none"] == "1,050 of 1,050"
    assert column(table, "Kept")["rsdgc 100x, tdds:0.5"] == "525 of 1,050"
    assert column(table, "Equal") == {
        **dict.fromkeys(("none", "rsdgc 100x"), "-"),
        **dict.fromkeys(
            (f"{name}, {kind}:0.5" for name in ("none", "rsdgc 100x") for kind in ("tdds", "random")), "epochs"
        ),
        **dict.fromkeys(("none, tdds:0.5,budget=steps", "rsdgc 100x, tdds:0.5,budget=steps"), "steps"),
    }


def test_differences_are_to_all_samples_under_the_same_compressor(table: Table) -> None:
    gaps = column(table, "vs all samples")
    assert gaps["none"] == gaps["rsdgc 100x"] == "-"
    assert gaps["none, tdds:0.5"].startswith("-2.8 [")
    assert gaps["rsdgc 100x, tdds:0.5"] == gaps["none, tdds:0.5"]


def values(table: Table, label: str) -> dict[str, Any]:
    keys = [one.key for one in table.columns]
    row = next(number for number, texts in enumerate(table.rows) if texts[0] == label)
    return dict(zip(keys, table.values[row], strict=True))


def test_scoring_is_shown_apart_and_summed(table: Table) -> None:
    whole, equal_epochs = values(table, "none"), values(table, "none, tdds:0.5")
    assert (whole["scoring_bytes"], whole["all_bytes"]) == (0, 600 * 4_000_000)
    assert (equal_epochs["scoring_steps"], equal_epochs["training_steps"]) == (200, 300)
    assert equal_epochs["scoring_bytes"] == 200 * 4_000_000 + SCORE_BYTES
    assert equal_epochs["training_bytes"] == 300 * 4_000_000
    assert equal_epochs["all_bytes"] == 500 * 4_000_000 + SCORE_BYTES
    assert (equal_epochs["scoring_s"], equal_epochs["training_s"], equal_epochs["all_s"]) == pytest.approx((20, 30, 50))


def test_equal_steps_cost_more_than_all_samples(table: Table) -> None:
    whole, equal_steps = values(table, "rsdgc 100x"), values(table, "rsdgc 100x, tdds:0.5,budget=steps")
    assert equal_steps["training_bytes"] == whole["training_bytes"] < equal_steps["all_bytes"]


def test_a_draw_at_random_scores_nothing(table: Table) -> None:
    drawn = values(table, "none, random:0.5")
    assert (drawn["scoring_steps"], drawn["scoring_bytes"], drawn["all_bytes"]) == (0, 0, 300 * 4_000_000)


def test_classes_that_are_lost_are_named(make_record: Maker) -> None:
    record = pruned(make_record, "el2n:0.1")
    record["selection"]["kept_per_class"] = [0, 5, 0, 0, *[6] * 17]
    record["selection"]["all_per_class"] = [50, 50, 50, 0, *[50] * 17]  # the fourth had none to begin with
    section = only_section([make_record(), record])
    assert any("none, el2n:0.1 keeps no sample of class 0, class 2 in some seed." in note for note in section.notes)


def test_the_reference_is_the_row_on_all_samples(make_record: Maker) -> None:
    first, *others = methods_of([pruned(make_record, "tdds:0.5"), make_record(), pruned(make_record, "random:0.5")])
    assert (first.label, first.is_dense) == ("none", True)
    assert [(one.label, one.is_dense) for one in others] == [("none, tdds:0.5", False), ("none, random:0.5", False)]


@pytest.mark.parametrize("odd", [None, "x", [], {}, 0, -1, 1e300])
def test_edited_records_are_refused_or_shown(odd: Any, make_record: Maker) -> None:
    whole, record = make_record(), pruned(make_record, "tdds:0.5")
    paths = [("cell", "prune"), ("time", "train_s"), ("dataset", "classes"), ("dataset", "train"), ("phases",)]
    paths += [("selection", *rest) for rest in ((), *((name,) for name in record["selection"]))]
    paths += [("phases", 0, *rest) for rest in ((), *((name,) for name in record["phases"][0]))]
    for path in paths:
        edited = copy.deepcopy(record)
        section = edited
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = odd
        try:
            schema.check(edited)
        except RsbenchError:
            continue
        only = build_report([whole, edited])
        assert markdown.render(only)


def test_the_bytes_of_a_run_hold_the_exchange_of_scores(make_record: Maker) -> None:
    whole, scored = make_record(), pruned(make_record, "tdds:0.5")
    method = methods_of([whole, scored])[1]
    assert method.sent_bytes == scored["traffic"]["payload_bytes_total"] + SCORE_BYTES
    rows = build_report([whole, scored]).cells
    assert rows is not None
    names = [one.title for one in rows.columns]
    found = [dict(zip(names, row, strict=True)) for row in rows.values]
    assert [row["kept_samples"] for row in found] == [1050, 525]
    assert [row["scoring_steps"] for row in found] == [0, 200]
    assert found[0]["train_s"] == whole["time"]["train_s"] is not None
    assert "kept_samples" not in [one.title for one in build_report([whole]).cells.columns]
