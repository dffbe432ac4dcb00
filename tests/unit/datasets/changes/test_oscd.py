"""Cities seen by Sentinel-2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench import datasets
from rsbench.datasets.changes.oscd import BANDS, IMAGES, LABELS
from rsbench.datasets.changes.prepared import Changes
from rsbench.errors import RsbenchError

CITIES = {"train": ("paris", "pisa", "nantes", "rennes"), "test": ("rio", "dubai")}


@pytest.fixture
def where(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "OSCD"
    for part, cities in CITIES.items():
        for city in cities:
            for date in (1, 2):
                images = folder / IMAGES / city / f"imgs_{date}_rect"
                images.mkdir(parents=True)
                for number, band in enumerate(BANDS):
                    values = np.full((16, 24), 1000 * number + date, dtype=np.uint16)
                    Image.fromarray(values).save(images / f"{band}.tif")
            label = folder / LABELS[part] / city / "cm"
            label.mkdir(parents=True)
            marks = np.zeros((16, 24), dtype=np.uint8)
            marks[:, :4] = 255
            Image.fromarray(marks).convert("RGB").save(label / "cm.png")
        (folder / IMAGES / f"{part}.txt").write_text(",".join(cities))
    return folder


def test_cities_are_read_with_thirteen_bands_of_sixteen_bits(where: Path, tmp_path: Path) -> None:
    changes = datasets.get("oscd").prepare(tmp_path / "data", tmp_path / "cache", 8)
    assert isinstance(changes, Changes)
    assert changes.before().dtype == np.uint16 and changes.channels == 13 and changes.tiles == 6 * 6
    assert changes.before()[0, 0, 0].tolist() == [1000 * number + 1 for number in range(13)]
    assert (changes.after()[:, :, :, 8] == 8002).all()
    split = changes.split("official", 0)
    names = changes.names()
    assert {names[picture] for picture in changes.picture_of()[split.test]} == set(CITIES["test"])
    assert (len(split.train), len(split.val)) == (18, 6)
    assert "parts by lists (6 pictures); a tenth of the training pictures validates" in split.description


def test_bands_are_in_the_order_of_their_wavelengths() -> None:
    assert " ".join(BANDS) == "B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B10 B11 B12"


def _no_band(where: Path) -> None:
    (where / IMAGES / "rio" / "imgs_2_rect" / "B8A.tif").unlink()


def _no_label(where: Path) -> None:
    (where / LABELS["test"] / "rio" / "cm" / "cm.png").unlink()


def _no_list(where: Path) -> None:
    (where / IMAGES / "test.txt").unlink()


def _absent_city(where: Path) -> None:
    (where / IMAGES / "test.txt").write_text("rio,atlantis")


def _outside(where: Path) -> None:
    (where / IMAGES / "test.txt").write_text("../elsewhere")


def _in_both(where: Path) -> None:
    (where / IMAGES / "test.txt").write_text("rio,paris")


def _empty_list(where: Path) -> None:
    (where / IMAGES / "test.txt").write_text(" ,\n")


def _other_band_size(where: Path) -> None:
    Image.fromarray(np.zeros((8, 8), dtype=np.uint16)).save(where / IMAGES / "rio" / "imgs_1_rect" / "B09.tif")


def _coloured_band(where: Path) -> None:
    Image.new("RGB", (24, 16)).save(where / IMAGES / "rio" / "imgs_1_rect" / "B09.tif")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (_no_band, "/rio/imgs_2_rect/B8A.tif is missing: add it, or take rio out of test.txt."),
        (_no_label, "/rio/cm/cm.png is missing: add it"),
        (_no_list, "/test.txt cannot be read (No such file or directory): it must name the cities of that part."),
        (_absent_city, "/test.txt names atlantis, which"),
        (_outside, "/test.txt names ../elsewhere, which"),
        (_in_both, "train.txt and test.txt both name paris: keep it in one list."),
        (_empty_list, "/test.txt names no city."),
        (_other_band_size, "/B09.tif has 8 x 8 pixels, but"),
        (_coloured_band, "/B09.tif cannot be read (it is no band of 8 or 16 bits (Pillow mode RGB))"),
    ],
)
def test_broken_cities_are_told_in_one_sentence(
    break_it: Callable[[Path], None], words: str, where: Path, tmp_path: Path
) -> None:
    break_it(where)
    with pytest.raises(RsbenchError) as caught:
        datasets.get("oscd").prepare(tmp_path / "data", tmp_path / "cache", 8)
    assert words in str(caught.value) and "\n" not in str(caught.value)
