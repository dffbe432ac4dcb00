"""Plans without the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench import datasets


@pytest.mark.parametrize(
    ("name", "image_size", "split", "train"),
    [
        ("levir-cd", 256, "official", 445 * 16),
        ("levir-cd", 1024, "official", 445),
        ("levir-cd-256", 256, "official", 7120),
        ("levir-cd", 1024, "50/10/40", 318),
        ("levir-cd", 1024, "50/50", 287),
        ("oscd", 96, "official", round(0.9 * 14 * 49)),
        ("landsat-change", 16, "official", 254),
        ("sysu", 256, "official", 12_000),
    ],
)
def test_a_release_declares_about_how_many_tiles_train(name: str, image_size: int, split: str, train: int) -> None:
    survey = datasets.get(name).declared(Path("/nowhere"))
    assert survey is not None
    assert survey.sized(image_size).train_samples(split, 0) == train
    assert survey.inputs == {"classes": 2, "channels": {"oscd": 13, "landsat-change": 6}.get(name, 3)}


def test_folders_of_ones_own_declare_nothing() -> None:
    assert datasets.get("change-folder").declared(Path("/nowhere")) is None
