"""Label maps and index lists: read as they are meant, or refused."""

from __future__ import annotations

from pathlib import Path

import mat_scenes
import numpy as np
import pytest

from rsbench.datasets import get
from rsbench.errors import RsbenchError

SCENE = mat_scenes.made(channels=2)

FLAT = mat_scenes.made()


@pytest.mark.parametrize(
    ("first", "swapped", "words"),
    [
        (1, False, "rows and columns, counted from 1"),
        (0, False, "from 0"),
        (1, True, "columns and rows, counted from 1"),
    ],
)
def test_index_lists_are_read_as_they_are_meant(first: int, swapped: bool, words: str, tmp_path: Path) -> None:
    mat_scenes.ouc(tmp_path, FLAT, mat_scenes.save5, "Augsburg", "augsburg", "sar")
    lists = {"train": FLAT.train, "test": FLAT.test}
    step = -1 if swapped else 1
    given = {f"augsburg_{part}": mat_scenes.pairs(mask, first=first)[:, ::step] for part, mask in lists.items()}
    mat_scenes.save5(tmp_path / "Augsburg" / "augsburg_index.mat", given)
    truth = get("augsburg").survey(tmp_path).source.ground_truth
    assert words in truth.note
    for part, mask in lists.items():
        assert np.array_equal(truth.lists[part], np.flatnonzero(mask))


def test_index_lists_of_another_scene_are_refused(tmp_path: Path) -> None:
    mat_scenes.ouc(tmp_path, FLAT, mat_scenes.save5, "Augsburg", "augsburg", "sar")
    everywhere = mat_scenes.pairs(np.ones_like(FLAT.labels))
    mat_scenes.save5(
        tmp_path / "Augsburg" / "augsburg_index.mat", {"augsburg_train": everywhere, "augsburg_test": everywhere}
    )
    with pytest.raises(RsbenchError, match="belong to another label map"):
        get("augsburg").survey(tmp_path).train_samples("official", 0)


def test_a_label_that_looks_like_none_is_refused(tmp_path: Path) -> None:
    labels = np.where(SCENE.labels == 0, np.uint8(255), SCENE.labels)
    mat_scenes.save5(tmp_path / "everything.mat", {"X": SCENE.hsi, "sar": SCENE.aux, "truth": labels})
    with pytest.raises(RsbenchError, match="a label 255 and none of 254: where that means unlabelled, write 0"):
        get("multimodal-mat").prepare(tmp_path, tmp_path / "cache", 5)
