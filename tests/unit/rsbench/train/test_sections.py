"""What a record says of bytes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rsbench.cell import CellSpec
from rsbench.measure.step_times import StepTimes
from rsbench.measure.totals import RunTotals
from rsbench.train.sections import traffic_section


def spec(ratio: float | None) -> CellSpec:
    asked = {"compressor": "topk", "ratio": ratio, "lr": 0.01, "seed": 0, "workers": 2, "device": "cpu", "epochs": 1}
    data = {"dataset": "x", "dataset_fingerprint": "", "model": "smallvgg", "image_size": 8, "split": "official"}
    return CellSpec.from_dict({**asked, **data, "batch_size": 4})


@pytest.mark.parametrize(
    ("ratio", "note"), [(None, ""), (20.0, ""), (20.1, ""), (21.0, "asked 21x, sent 20.00x (-4.8 %)")]
)
def test_the_record_says_what_was_asked_and_that_it_was_missed(ratio: float | None, note: str) -> None:
    totals, stats = RunTotals(2), dict[str, Any](wire_bytes=100, dense_bytes=2000, one_d_bytes=0, buckets=1)
    times = StepTimes(**{field.name: 0.0 for field in dataclasses.fields(StepTimes)})
    for payload in (120, 80):
        totals.add({**stats, "payload_bytes": payload, "mean_density": 0.1, "density": {}}, times)
    found = traffic_section(totals, 7, spec(ratio), samples=128)
    assert (found["compression_ratio"], found["ratio_asked"], found["ratio_note"]) == (20.0, ratio, note)
    assert found["buffer_bytes"] == 7
