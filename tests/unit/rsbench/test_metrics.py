"""A score as people read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rsbench.metrics import score_text

Maker = Callable[..., dict[str, Any]]


def test_reports_score_of_a_record_in_one_line(make_record: Maker) -> None:
    assert score_text(make_record(oa=0.912)) == "test OA 91.2 %"
    assert score_text(make_record(task="targets", oa=0.912)) == "test AUC(Pd,Pf) 0.9120"
    assert score_text(make_record(status="failed")) == ""
    assert score_text(make_record(compressor="noop")) == ""
