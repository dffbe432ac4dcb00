"""The synthetic target-detection data sets, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.datasets import get


@pytest.mark.parametrize("name", ["synthetic-htd", "synthetic-htd-1gb"])
def test_names_say_synthetic(name: str) -> None:
    dataset = get(name)
    assert dataset.synthetic and "synthetic" in dataset.title
    assert "synthetic" in dataset.locate(Path("nowhere")).title


def test_the_large_scene_is_as_large_as_it_says() -> None:
    recipe = get("synthetic-htd-1gb").recipe
    assert recipe.height * recipe.width * recipe.bands * 4 >= 2**30
    assert recipe.targets >= 500
