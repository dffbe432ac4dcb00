"""A score as people read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rsbench.metrics import LOSS, facts_of, score_text, validation_score, validation_text
from rsbench.tasks.change_counts import all_change

Maker = Callable[..., dict[str, Any]]


def test_reports_score_of_a_record_in_one_line(make_record: Maker) -> None:
    assert score_text(make_record(oa=0.912)) == "test OA 91.2 %"
    assert score_text(make_record(task="targets", oa=0.912)) == "test AUC(Pd,Pf) 0.9120"
    assert score_text(make_record(status="failed")) == ""
    assert score_text(make_record(compressor="noop")) == ""


def test_an_epoch_is_scored_by_the_first_metric_of_its_task() -> None:
    change = {"loss": 0.3, "f1": 0.5, "iou": 0.33, "precision": 0.5, "recall": 0.5, "oa": 0.9, "kappa": 0.4}
    assert validation_text(change) == "val F1 of change 50.0 %"
    assert validation_text({**change, "f1": None}) == "val loss 0.3"
    assert validation_text({"loss": 0.3, "oa": 0.9, "aa": 0.8, "kappa": 0.7}) == "val OA 90.0 %"
    assert validation_text({"loss": 0.3}) == "val loss 0.3"


def test_a_task_without_marks_validates_by_its_last_loss() -> None:
    record = {"dataset": {"task": "anomalies"}, "accuracy": {"val": [{"loss": 0.9}, {"loss": 0.4}], "val_score": None}}
    assert validation_score(record) == 0.4 and facts_of("anomalies").validation is LOSS
    assert LOSS.rank(0.4) > LOSS.rank(0.9)
    assert validation_score({**record, "dataset": {"task": "targets"}}) is None
    assert validation_score({**record, "accuracy": {"val": []}}) is None
    assert validation_score({"accuracy": None}) is None


def test_what_guessing_gives_is_a_fact_of_the_task() -> None:
    assert facts_of("changes").guess((80, 20)) == 40 / 120
    assert facts_of("changes").guess((80, 20)) == all_change(np.array([[70, 10], [5, 15]]))["f1"]
    assert facts_of("scenes").guess((30, 10)) == facts_of("pixels").guess((10, 30)) == 0.75
    assert facts_of("scenes").guess(()) == 0
    assert facts_of("anomalies").guess(()) == facts_of("targets").guess(()) == 0.5
