"""Curves of training, and densities over a run."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import pytest
from pruned_records import SCORE_BYTES, pruned
from report_parts import only, panels
from rich_records import (
    with_history,
)

from rsbench.reports.document.figure import Heat, Lines

Maker = Callable[..., dict[str, Any]]


def test_figures_curves_are_means_over_seeds_at_common_steps(make_record: Maker) -> None:
    records = [with_history(make_record(seed=seed, oa=0.8 + seed / 100), epochs=4) for seed in (0, 1)]
    records[1]["history"].pop()
    panel = panels(records)["How training went"]
    titles = [figure.title for figure in panel.figures]
    assert titles == [
        f"{what} against {against}"
        for what in ("Validation OA", "Training loss")
        for against in ("steps", "time", "bytes")
    ]
    steps, seconds, sent = (figure for figure in panel.figures[:3] if isinstance(figure, Lines))
    assert steps.series[0].x == (20.0, 40.0, 60.0)
    scores = [100 * record["history"][0]["val_score"] for record in records]
    assert steps.series[0].y[0] == pytest.approx(statistics.fmean(scores))
    assert steps.series[0].half[0] == pytest.approx(statistics.stdev(scores))
    assert seconds.series[0].x[0] == pytest.approx(2.0 + 0.15)
    assert sent.series[0].x[0] == 600_000_000
    assert sent.x.log


def test_figures_of_schema_1_have_no_curves(grid_records: list[dict[str, Any]]) -> None:
    old = [record | {"history": []} for record in grid_records]
    assert "How training went" not in panels(old)


def test_figures_density_only_where_it_changes(make_record: Maker) -> None:
    records = [with_history(make_record(compressor=name, ratio=100.0), epochs=5) for name in ("dgc", "rsdgc")]
    panel = panels([with_history(make_record(), epochs=5), *records])["Density of tensors over the run"]
    figure = only(panel, Heat)
    assert figure.title == "rsdgc 100x"
    assert figure.columns == ("20", "40", "60", "80", "100")
    assert figure.rows[0] == "features.0.weight"
    strengths = [value for row in figure.values for value in row]
    assert max(strengths) == pytest.approx(1.0)
    assert min(strengths) > 0
    assert figure.values[7][0] > figure.values[7][4] > figure.values[0][4]


@pytest.mark.parametrize(
    ("key_version", "words"),
    [
        (3, "Time is that of training steps alone."),
        (2, "Time includes validation, as earlier versions of rsbench counted it."),
    ],
)
def test_curves_say_what_their_seconds_are_of(key_version: int, words: str, make_record: Maker) -> None:
    record = with_history(make_record(), epochs=3) | {"key_version": key_version}
    panel = panels([record])["How training went"]
    assert panel.note.endswith(words)


def test_figures_curves_begin_after_scoring_and_count_its_bytes(make_record: Maker) -> None:
    whole, scored = make_record(history=True), pruned(make_record, "tdds:0.5", history=True)
    panel = panels([whole, scored])["How training went"]
    assert "Rows with scores begin after their scoring phase" in panel.note
    loss = next(figure for figure in panel.figures if figure.title == "Training loss against bytes")
    assert isinstance(loss, Lines)
    (curve,) = (one for one in loss.series if one.mark.label == "none, tdds:0.5")
    assert len(curve.x) == len(whole["history"]) and max(curve.y) < 9.0
    of_training = whole["history"][0]["payload_bytes_total"]
    assert curve.x[0] == scored["phases"][0]["payload_bytes_total"] + of_training + SCORE_BYTES
    assert "Rows with scores" not in panels([whole])["How training went"].note
