"""Two sets of results side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.judging import Judging
from rsbench.reports.changes import build_changes

Maker = Callable[..., dict[str, Any]]
NAMES = ("folder-a", "folder-b")


def rows(make_record: Maker, name: str, values: list[float], **more: Any) -> list[dict[str, Any]]:
    ratio = None if name in {"none", "fp16"} else 100.0
    return [make_record(compressor=name, ratio=ratio, seed=seed, oa=oa, **more) for seed, oa in enumerate(values)]


def test_reports_changes_of_the_same_results_are_none(grid_records: list[dict[str, Any]]) -> None:
    whole, section = build_changes(grid_records, grid_records, NAMES).sections
    assert whole.conclusion == "A and B have 1 setting in common."
    assert whole.facts == ("A: folder-a", "B: folder-b")
    assert section.conclusion == (
        "No change in OA can be told from zero. Payload is the same. No step time changed by 5 % or more."
    )
    assert not any(fact.startswith(("Different", "Finished")) for fact in section.facts)


def test_reports_changes_name_accuracy_bytes_and_time(make_record: Maker) -> None:
    before = [
        *rows(make_record, "none", [0.80, 0.81, 0.79, 0.80]),
        *rows(make_record, "topk", [0.78, 0.79, 0.77, 0.78]),
        *rows(make_record, "dgc", [0.80, 0.80, 0.80, 0.80]),
    ]
    after = [
        *rows(make_record, "none", [0.80, 0.81, 0.79, 0.80], split_ms={"wait_s": 27.0}),
        *rows(make_record, "topk", [0.73, 0.74, 0.719, 0.731]),
        *rows(make_record, "fp16", [0.80, 0.80]),
    ]
    for record in after:
        record["provenance"] |= {"rsbench": "0.2.0", "cpu_model": "Other CPU"}
        if record["cell"]["compressor"] == "topk":
            record["traffic"]["payload_bytes_total"] *= 2
    report = build_changes(before, after, NAMES)
    _, section = report.sections
    assert section.conclusion == (
        "OA changed: topk 100x -5.0 [-5.2, -4.8]. Over 3 points lower on average in B: topk 100x. Payload changed: "
        "topk 100x +100 %. Step time changed: none -20 %."
    )
    assert section.tables[0].rows[0][:7] == (
        "none",
        "80.0 ± 0.8",
        "80.0 ± 0.8",
        "+0.0 [+0.0, +0.0] ~",
        "100",
        "80.0",
        "-20",
    )
    assert "Finished in A only: dgc 100x." in section.facts
    assert "Finished in B only: fp16." in section.facts
    assert "Different rsbench: 0.1.0 in A, 0.2.0 in B." in section.facts
    assert any("Different hardware: Example CPU in A, Other CPU in B; times tell" in fact for fact in section.facts)
    assert report.methods.title == "changes"
    assert {row[0] for row in report.cells.rows} == {"A", "B"}


def test_reports_changes_mark_another_learning_rate(make_record: Maker) -> None:
    _, section = build_changes([make_record(lr=0.1)], [make_record(lr=0.2, oa=0.7)], NAMES).sections
    assert section.tables[0].rows[0][0] == "none [1]"
    assert section.notes == ("Learning rate 0.1 in A, 0.2 in B.",)
    assert "one common seed cannot tell for none." in section.conclusion


def test_reports_changes_without_common_work_say_so(make_record: Maker) -> None:
    [whole] = build_changes([make_record()], [make_record(model="vgg19")], NAMES).sections
    assert whole.conclusion.startswith("A and B have no setting in common")
    assert "Only in A: UC Merced Land Use, smallvgg, 2 workers on cpu (1 cell)." in whole.facts
    assert "Only in B: UC Merced Land Use, vgg19, 2 workers on cpu (1 cell)." in whole.facts


@pytest.mark.parametrize("broken", [0, 1])
def test_reports_changes_of_cells_that_failed(broken: int, make_record: Maker) -> None:
    sets = [[make_record()], [make_record()]]
    sets[broken] = [make_record(status="failed", reason="no memory")]
    _, section = build_changes(sets[0], sets[1], NAMES).sections
    assert section.conclusion == "No method has finished in both."
    assert section.tables == ()


def test_reports_changes_of_targets_are_in_their_own_unit(target_records: list[dict[str, Any]]) -> None:
    after = [record | {"provenance": record["provenance"] | {"git_sha": "f00"}} for record in target_records]
    _, section = build_changes(target_records, after, NAMES).sections
    assert section.tables[0].columns[3].heading == "B - A ↑"
    assert section.tables[0].rows[0][3] == "+0.0000 [+0.0000, +0.0000] ~"


def test_versus_settings_of_one_set_only_say_in_what_they_differ(make_record: Maker) -> None:
    report = build_changes([make_record(epochs=10)], [make_record(epochs=20)], ("a", "b"))
    only = [fact for fact in report.sections[0].facts if fact.startswith("Only in")]
    assert [fact.partition(" (1 cell")[0].rpartition(", ")[2] for fact in only] == ["epochs 10", "epochs 20"]


def test_reports_changes_are_judged_as_the_user_asks(make_record: Maker) -> None:
    """Nadeau and Bengio: sd 0.01 of 3 pairs, 840 test images for 1,050 that train; t(0.975, 2) = 4.302653."""
    sets = [rows(make_record, "topk", values) for values in ([0.8, 0.8, 0.8], [0.79, 0.78, 0.77])]
    for record in [*sets[0], *sets[1]]:
        record["dataset"] |= {"train": 1050, "test": 840}
    plain, wide = (
        build_changes(*sets, NAMES, judging=Judging(tolerance=1.9, intervals=intervals)).sections[1]
        for intervals in ("test-set", "new-data")
    )
    assert plain.tables[0].rows[0][3] == "-2.0 [-4.5, +0.5] ~", "4.302653 * sqrt(1 / 3) points"
    assert wide.tables[0].rows[0][3] == "-2.0 [-6.6, +2.6] ~", "4.302653 * sqrt(1 / 3 + 0.8) points"
    assert "about other seeds on these test images" in plain.notes[0]
    assert "corrected resampled t (Nadeau and Bengio 2003), 0.8 test images for each that trains" in wide.notes[0]
    assert "Over 1.9 points lower on average in B: topk 100x." in plain.conclusion
    tolerant = build_changes(*sets, NAMES, judging=Judging(tolerance=2)).sections[1]
    assert "lower on average" not in tolerant.conclusion, "a loss as large as the tolerated one is tolerated"


def test_reports_changes_do_not_judge_the_accuracy_of_what_does_not_train(make_record: Maker) -> None:
    before = [*rows(make_record, "none", [0.80, 0.81, 0.79]), *rows(make_record, "noop", [0.5, 0.4, 0.3])]
    after = [*rows(make_record, "none", [0.78, 0.80, 0.77]), *rows(make_record, "noop", [0.1, 0.1, 0.1])]
    alone = build_changes(before[:3], after[:3], NAMES).sections[1].tables[0]
    both = build_changes(before, after, NAMES).sections[1]
    assert both.tables[0].rows[0] == alone.rows[0], "no wider interval for it"
    assert "noop" not in both.conclusion


def test_reports_changes_without_a_common_seed_compare_no_accuracy(make_record: Maker) -> None:
    before, after = [make_record(seed=0)], [make_record(seed=1), make_record(seed=2)]
    *_, section = build_changes(before, after, NAMES).sections
    assert section.conclusion.startswith("OA cannot be compared: A and B have no seed in common (A: 0; B: 1, 2). Payl")
