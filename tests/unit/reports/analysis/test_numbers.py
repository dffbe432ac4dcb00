"""Scores and differences as people read them."""

from __future__ import annotations

from rsbench.metrics import TASKS
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.statistics.differences import Difference


def test_reports_numbers_are_in_the_unit_of_their_metric() -> None:
    gap = Difference(mean=0.012, low=-0.003, high=0.027, count=3)
    oa, auc = TASKS["scenes"].metric, TASKS["targets"].metric
    assert numbers.gap_text(oa, gap) == "+1.2 [-0.3, +2.7] ~"
    assert numbers.gap_text(auc, gap) == "+0.0120 [-0.0030, +0.0270] ~"
    assert numbers.score_text(oa, 0.7142, unit=True) == "71.4 %"
    assert numbers.score_text(auc, 0.7142, unit=True) == "0.7142"
    assert (numbers.threshold_text(oa, 0.005), numbers.threshold_text(auc, 0.005)) == ("0.5 points", "0.005")
