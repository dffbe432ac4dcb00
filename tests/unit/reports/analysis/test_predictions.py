"""The model's error on emulated links, from cells with known steps."""

from __future__ import annotations

from typing import Any

import pytest
from link_records import Maker, link_record, modelled_s

from rsbench.reports import build_report
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.predictions import Predicted, median_error, predictions
from rsbench.reports.analysis.settings import split_by_setting


def study(make_record: Maker, **errors: float) -> list[dict[str, Any]]:
    """Cells on two links, on which a method's steps take so much less or more than the model says."""
    return [
        link_record(
            make_record, name, link, 0.06 if link is None else modelled_s(name, link) / (1 + errors.get(name, 0.0))
        )
        for link in (None, "100mbit", "20mbit")
        for name in ("none", "topk")
    ]


def test_steps_are_predicted_from_the_records_without_a_link_alone(make_record: Maker) -> None:
    records = study(make_record, none=0.1, topk=-0.2)
    for record in records:
        if record["cell"].get("link"):  # what was measured on a link must not help
            record["exchange"]["phases"][0]["before_s"] = 5.0
    every = predictions([Comparison(setting) for setting in split_by_setting(records)])
    assert [(one.label, one.link) for one in every] == [
        ("none", "20mbit"),
        ("none", "100mbit"),
        ("topk 100x", "20mbit"),
        ("topk 100x", "100mbit"),
    ]
    assert [one.error for one in every] == pytest.approx([0.1, 0.1, -0.2, -0.2])
    assert every[0].predicted_s == pytest.approx(modelled_s("none", "20mbit"))
    assert every[0].compute_s == pytest.approx(0.053)


def test_nothing_is_predicted_without_cells_without_a_link(make_record: Maker) -> None:
    records = [record for record in study(make_record) if record["cell"].get("link")]
    assert predictions([Comparison(setting) for setting in split_by_setting(records)]) == []
    assert not any("Predicted" in section.title for section in build_report(records).sections)


def row(predicted_s: float, measured_s: float, compute_s: float) -> Predicted:
    return Predicted(
        label="x", workers=2, link="50mbit", predicted_s=predicted_s, measured_s=measured_s, compute_s=compute_s
    )


def test_only_rows_with_a_third_of_exchange_count() -> None:
    far_off, close, closer = row(2.0, 1.0, 0.67), row(0.9, 1.0, 0.66), row(1.05, 1.0, 0.1)
    assert not far_off.counts
    assert close.counts
    assert median_error([far_off, close]) == pytest.approx(0.1)
    assert median_error([far_off, close, closer]) == pytest.approx(0.075)
    assert median_error([far_off]) is None


def test_a_report_shows_the_models_error(make_record: Maker) -> None:
    sections = build_report(study(make_record, none=0.02, topk=-0.2)).sections
    (section,) = [one for one in sections if one.title.startswith("Predicted and measured steps")]
    assert section.title == "Predicted and measured steps: UC Merced Land Use, smallvgg, 2 workers on cpu"
    steps, errors = section.tables
    assert [row[5] for row in steps.rows] == ["+2.0", "+2.0", "-20.0", "-20.0"]
    assert steps.rows[0][2] == "20 Mbit/s"
    # At 100 Mbit/s topk's exchange is under a third of its step.
    assert errors.rows == (
        ("none", "2", "2.0", "+2.0"),
        ("topk 100x", "1", "20", "-20.0"),
        ("all", "3", "2.0", "-20.0"),
    )
    assert section.conclusion == (
        "Where exchange is a third of the step or more, the model errs by 2.0 % (median of 3 rows), at most by "
        "-20.0 %: topk 100x at 20 Mbit/s."
    )


def test_a_step_that_other_programs_lengthened_is_shown_and_not_counted(make_record: Maker) -> None:
    records = study(make_record, none=0.02)
    for record in records:
        if record["cell"].get("link") == "20mbit":
            record["exchange"]["load"] = 1.5
    sections = build_report(records).sections
    (section,) = [one for one in sections if one.title.startswith("Predicted and measured steps")]
    steps, errors = section.tables
    assert [("[1]" in row[4]) for row in steps.rows] == [True, False, True, False]
    assert section.notes == (
        "Measured while other programs lengthened the computing by more than 10 %, so it is left out of the errors.",
    )
    assert [row[:2] for row in errors.rows] == [("none", "1"), ("all", "1")]
