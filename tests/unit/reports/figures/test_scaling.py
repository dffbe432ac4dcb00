"""Step time and throughput by number of workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.reports import build_report
from rsbench.reports.document.figure import Lines

Maker = Callable[..., dict[str, Any]]


def test_figures_scaling_needs_the_same_work_on_several_numbers_of_workers(make_record: Maker) -> None:
    records = [make_record(workers=workers, split_ms={"wait_s": 20.0 * workers}) for workers in (2, 4)]
    records += [make_record(workers=2, compressor="topk", ratio=10.0), make_record(workers=4, epochs=5)]
    (panel,) = build_report(records).figures
    step, speed = panel.figures
    assert isinstance(step, Lines)
    assert isinstance(speed, Lines)
    assert [mark.label for mark in panel.legend] == ["none"]
    assert step.series[0].x == (2.0, 4.0)
    assert step.series[0].y == pytest.approx((93.0, 133.0))
    two, four = (record["time"]["images_per_s"] for record in records[:2])
    assert speed.series[0].y == pytest.approx((1.0, four / two))
    assert speed.guide == ((2.0, 1.0), (4.0, 2.0))
    assert build_report(records[1:]).figures == ()
