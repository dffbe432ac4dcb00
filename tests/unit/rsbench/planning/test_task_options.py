"""Options that a task would ignore."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsbench.cell import CellSpec
from rsbench.errors import RsbenchError
from rsbench.planning.task_options import check_options

SPEC = CellSpec(
    dataset="x", dataset_fingerprint="f", model="m", compressor="none", ratio=None, match="wire", lr=0.1, seed=0,
    workers=2, device="cpu", epochs=1, batch_size=8, image_size=1, split="official",
)  # fmt: skip


@pytest.mark.parametrize(
    ("task", "title"),
    [
        ("changes", "change detection"),
        ("targets", "hyperspectral target detection"),
        ("anomalies", "hyperspectral anomaly detection"),
    ],
)
def test_labels_are_smoothed_only_where_a_sample_has_one(task: str, title: str) -> None:
    words = rf"^--label-smoothing 0\.1: {title} has no class a sample to smooth: leave it out\.$"
    with pytest.raises(RsbenchError, match=words):
        check_options(replace(SPEC, label_smoothing=0.1), task=task)
    for classified in ("scenes", "pixels"):
        check_options(replace(SPEC, label_smoothing=0.1), task=classified)


@pytest.mark.parametrize("task", ["targets", "anomalies"])
def test_single_pixels_have_no_side(task: str) -> None:
    check_options(SPEC, task=task)
    with pytest.raises(RsbenchError, match=r"^--image-size 9: hyperspectral .* trains on single pixels, which have no"):
        check_options(replace(SPEC, image_size=9), task=task)
