"""Tiles on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench import datasets
from rsbench.datasets.changes.prepared import Changes
from rsbench.errors import RsbenchError


@pytest.fixture
def root(write_pairs: Callable[..., Path]) -> Path:
    return write_pairs(".", [f"{number:02d}" for number in range(10)], side=20)


def prepared(root: Path, cache: Path, side: int = 16, **words: object) -> Changes:
    changes = datasets.get("change-folder").prepare(root, cache, side, **words)  # type: ignore[arg-type]
    assert isinstance(changes, Changes)
    return changes


def test_tiles_are_the_pictures(root: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    changes = prepared(root, tmp_path, progress=lambda *call: calls.append(call))
    assert calls[-1] == (10, 10)
    assert (changes.tiles, len(changes), changes.pictures, changes.channels, changes.side) == (40, 40, 10, 3, 16)
    before, after, labels = changes.before(), changes.after(), changes.labels()
    assert before.shape == after.shape == (40, 16, 16, 3) and labels.shape == (40, 16, 16)
    assert isinstance(before, np.memmap) and not before.flags.writeable
    picture = np.asarray(Image.open(root / "B" / "03.png"))
    mine = np.flatnonzero(changes.picture_of() == changes.names().index("03"))
    assert changes.places()[mine].tolist() == [[0, 0], [0, 16], [16, 0], [16, 16]]
    assert np.array_equal(after[mine[0]], picture[:16, :16])
    assert np.array_equal(after[mine[3], :4, :4], picture[16:, 16:])
    assert (labels[mine[3], :4, :4] == 0).all() and (labels[mine[3], 4:] == 255).all()
    assert (labels[mine[0], :, :5] == 1).all() and changes.class_names == ("no change", "change")
    assert changes.shapes().tolist() == [[20, 20]] * 10
    assert changes.counts().sum(0).tolist() == [10 * 20 * 15, 10 * 20 * 5]
    assert changes.counts().dtype == np.int64 and changes.picture_of().dtype == np.int32


def test_what_was_prepared_is_used_again_until_a_file_changes(root: Path, tmp_path: Path) -> None:
    changes = prepared(root, tmp_path)
    assert Changes.load(changes.folder) == changes == prepared(root, tmp_path)
    assert prepared(root, tmp_path, side=8).folder != changes.folder
    path = root / "label" / "00.png"
    path.write_bytes(path.read_bytes())
    assert prepared(root, tmp_path).stamp != changes.stamp


def test_scaling_counts_real_pixels_of_both_dates_once(root: Path, tmp_path: Path) -> None:
    changes = prepared(root, tmp_path)
    train = changes.split("official", 0).train
    names = changes.names()
    own = sorted({names[picture] for picture in changes.picture_of()[train]})
    pixels = np.concatenate(
        [np.asarray(Image.open(root / date / f"{name}.png")).reshape(-1, 3) for name in own for date in "AB"]
    ).astype(float)
    mean, std = changes.channel_mean_std(train)
    assert np.allclose(mean, pixels.mean(0)) and np.allclose(std, pixels.std(0))


def test_classes_weigh_the_same_together_and_a_marked_training_pixel_one_on_average(root: Path, tmp_path: Path) -> None:
    changes = prepared(root, tmp_path)
    train = changes.split("official", 0).train
    labels = changes.labels()[train]
    pixels = np.array([(labels == 0).sum(), (labels == 1).sum()])
    weights = changes.class_weights(train)
    assert weights * pixels == pytest.approx([pixels.sum() / 2] * 2)


def test_the_survey_plans_as_many_tiles_as_there_are(root: Path, tmp_path: Path) -> None:
    survey = datasets.get("change-folder").survey(root).sized(16)
    for split in ("official", "50/20/30"):
        assert survey.train_samples(split, 3) == len(prepared(root, tmp_path).split(split, 3).train)


def test_a_broken_pair_names_the_file_and_the_command_that_lists_all(root: Path, tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(root / "label" / "05.png")
    with pytest.raises(RsbenchError) as caught:
        prepared(root, tmp_path)
    text = str(caught.value)
    assert f"{root}/label/05.png has 4 x 4 pixels" in text
    assert f'"rsbench data check change-folder --data-root {root}" lists all such files.' in text
    assert not list(tmp_path.glob("change-folder-*/*.npy"))


def test_tiles_that_are_too_small_are_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match="The image size 7 is too small for tiles: give at least 8 pixels"):
        prepared(root, tmp_path, side=7)


def test_tiles_larger_than_every_picture_are_refused(root: Path, tmp_path: Path) -> None:
    words = r"--image-size 21 is larger than every picture \(at most 20 px\): take 20 or less\."
    with pytest.raises(RsbenchError, match=words):
        datasets.get("change-folder").survey(root).sized(21).train_samples("official", 0)
    assert prepared(root, tmp_path, side=20).tiles == 10


def test_a_part_without_change_is_refused_once_labels_are_known(root: Path, tmp_path: Path) -> None:
    for path in (root / "label").iterdir():
        Image.new("L", (20, 20)).save(path)
    with pytest.raises(RsbenchError, match=r"No pixel of any label is changed: look at the labels\."):
        prepared(root, tmp_path).split("official", 0)
