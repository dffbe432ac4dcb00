"""A scene of two dates in ENVI files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench import datasets
from rsbench.datasets.changes.prepared import Changes
from rsbench.errors import RsbenchError

SIDE, BANDS = 160, 6
HEADER = "ENVI\nsamples = {side}\nlines = {side}\nbands = {bands}\ndata type = 1\ninterleave = bsq\nbyte order = 0\n"


def scene(side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (BANDS, side, side), dtype=np.uint8)


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """Marks: a third of the rows changed, a third did not, in every column."""
    folder = tmp_path / "data" / "Landsat-CD" / "Taizhou"
    folder.mkdir(parents=True)
    for date in ("2000TM", "2003TM"):
        (folder / date).write_bytes(scene().tobytes() if date == "2000TM" else (255 - scene()).tobytes())
        (folder / f"{date}.HDR").write_text(HEADER.format(side=SIDE, bands=BANDS))
    for file, first in (("change.bmp", 0), ("unchanged.bmp", 1)):
        marks = np.zeros((SIDE, SIDE), dtype=np.uint8)
        marks[first::3, 8:] = 255
        Image.fromarray(marks).save(folder / file)
    return folder


def test_the_scene_is_cut_into_marked_tiles_and_dealt_in_blocks(where: Path, tmp_path: Path) -> None:
    changes = datasets.get("landsat-change").prepare(tmp_path / "data", tmp_path / "cache", 16)
    assert isinstance(changes, Changes)
    assert (changes.tiles, changes.pictures, changes.channels) == (100, 1, BANDS)
    top, left = changes.places()[37]
    assert np.array_equal(changes.before()[37], scene()[:, top : top + 16, left : left + 16].transpose(1, 2, 0))
    assert (changes.after() == 255 - changes.before()).all()
    assert (changes.labels()[0, 2] == 255).all() and (changes.labels()[0, 0, 8:] == 1).all()
    split = changes.split("official", 0)
    blocks = changes.places() // 32 @ np.array([100, 1])
    parts = [set(blocks[part].tolist()) for part in (split.train, split.val, split.test)]
    assert all(parts) and not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert "70/10/20 by whole block" in split.description and "blocks of one scene, which touch" in split.warnings[0]


def test_tiles_without_marks_are_left_out(where: Path, tmp_path: Path) -> None:
    survey = datasets.get("landsat-change").survey(tmp_path / "data")
    tiles, origins = survey.source.cut(8)  # type: ignore[attr-defined]
    assert len(tiles) == 20 * 19 and len(origins) == 100, "the first eight columns hold no mark"
    assert survey.sized(8).train_samples("official", 0) == pytest.approx(0.7 * 380, rel=0.1)


def test_blocks_with_and_without_change_are_dealt_apart(where: Path, tmp_path: Path) -> None:
    marks = np.zeros((SIDE, SIDE), dtype=np.uint8)
    marks[::3, 8:40] = 255
    Image.fromarray(marks).save(where / "change.bmp")
    tiles, origins = datasets.get("landsat-change").survey(tmp_path / "data").source.cut(16)  # type: ignore[attr-defined]
    assert sum(origins.strata) == 10 and len(origins) == 25
    assert tiles.counts is not None and tiles.counts[:, 1].sum() == (marks > 0).sum()


@pytest.mark.parametrize(("codes", "dtypes", "kept"), [((1, 2), "u1 i2", "int16"), ((14, 5), "i8 f8", "float64")])
def test_dates_of_two_types_are_kept_in_the_type_that_holds_both(
    codes: tuple[int, int], dtypes: str, kept: str, where: Path, tmp_path: Path
) -> None:
    for date, code, dtype in zip(("2000TM", "2003TM"), codes, dtypes.split(), strict=True):
        (where / date).write_bytes(scene().astype(f"<{dtype}").tobytes())
        header = HEADER.format(side=SIDE, bands=BANDS).replace("type = 1", f"type = {code}")
        (where / f"{date}.HDR").write_text(header)
    changes = datasets.get("landsat-change").prepare(tmp_path / "data", tmp_path / "cache", 16)
    assert isinstance(changes, Changes) and changes.before().dtype == changes.after().dtype == kept
    top, left = changes.places()[37]
    expected = scene()[:, top : top + 16, left : left + 16].transpose(1, 2, 0)
    assert np.array_equal(changes.before()[37], expected) and np.array_equal(changes.after()[37], expected)


def test_the_data_root_may_be_the_scene(where: Path) -> None:
    assert datasets.get("landsat-change").survey(where).where == where
    (where / "change.bmp").unlink()
    (where / "unchanged.bmp").unlink()
    with pytest.raises(RsbenchError, match=r"Taizhou lacks unchanged\.bmp: add it, white where pixels did not change"):
        datasets.get("landsat-change").survey(where)


def _no_header(where: Path) -> None:
    (where / "2003TM.HDR").unlink()


def _no_file(where: Path) -> None:
    (where / "2003TM").unlink()


def _cut_file(where: Path) -> None:
    (where / "2003TM").write_bytes(b"12345")


def _other_size(where: Path) -> None:
    (where / "2003TM.HDR").write_text(HEADER.format(side=80, bands=BANDS))
    (where / "2003TM").write_bytes(scene(80).tobytes())


def _no_marks(where: Path) -> None:
    (where / "unchanged.bmp").unlink()


def _no_change(where: Path) -> None:
    (where / "change.bmp").unlink()


def _empty_marks(where: Path) -> None:
    Image.new("L", (SIDE, SIDE)).save(where / "change.bmp")


def _small_marks(where: Path) -> None:
    Image.new("L", (8, 8), 255).save(where / "change.bmp")


def _marked_twice(where: Path) -> None:
    Image.new("L", (SIDE, SIDE), 255).save(where / "change.bmp")


def _grey_marks(where: Path) -> None:
    Image.fromarray(np.arange(SIDE * SIDE, dtype=np.uint32).reshape(SIDE, SIDE).astype(np.uint8)).save(
        where / "change.bmp"
    )


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (_no_header, "holds 1 ENVI headers, a scene has two, one for each date"),
        (_no_file, "2003TM.HDR has no file of numbers beside it: add 2003TM (or 2003TM.dat, .img, .raw)."),
        (_cut_file, "2003TM has 5 bytes, but 2003TM.HDR speaks of 153,600 (160 lines, 160 samples, 6 bands)."),
        (_other_size, "2003TM has 80 x 80 pixels and 6 bands: both dates must have one size."),
        (_no_marks, "Taizhou lacks unchanged.bmp: add it, white where pixels did not change."),
        (_no_change, "Taizhou lacks change.bmp: add it, white where pixels changed."),
        (_empty_marks, "change.bmp marks no pixel: nothing could be learnt from it."),
        (_small_marks, "change.bmp has 8 x 8 pixels, but the scene has 160 x 160: they must have one size."),
        (_marked_twice, "unchanged.bmp both mark 8,056 pixels: mark each once."),
        (_grey_marks, "change.bmp cannot be read (it holds 256 values (0, 1, 2, 3, ...), and a label holds two"),
    ],
)
def test_broken_scenes_are_told_in_one_sentence(
    break_it: Callable[[Path], None], words: str, where: Path, tmp_path: Path
) -> None:
    break_it(where)
    with pytest.raises(RsbenchError) as caught:
        datasets.get("landsat-change").survey(tmp_path / "data")
    assert words in str(caught.value) and str(where) in str(caught.value) and "\n" not in str(caught.value)
