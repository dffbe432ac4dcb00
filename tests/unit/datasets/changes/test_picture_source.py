"""Pairs of picture files: their parts, their whole pictures, and what is wrong with a file in one sentence."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsbench.datasets.changes.picture_folder import find_folders
from rsbench.datasets.changes.picture_source import PictureSource, label, source_of
from rsbench.datasets.changes.source import BrokenPair
from rsbench.datasets.io.pictures import BrokenPicture, read_picture
from rsbench.errors import RsbenchError


def located(where: Path) -> PictureSource:
    return source_of(where, [find_folders(where)])


def told(source: PictureSource) -> dict[str, str]:
    return {pair.name: source.origins.parts[pair.origin] for pair in source.pairs}


def test_names_come_before_lists_and_lists_before_folders(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x/test", ["train_1_0000_0000", "u", "v"]) / "x"
    (where / "test" / "list").mkdir()
    (where / "test" / "list" / "val.txt").write_text("u\ntrain_1_0000_0000")
    source = located(where)
    assert told(source) == {"test/train_1_0000_0000": "train", "test/u": "val", "test/v": "test"}
    assert source.origins.told == "names and lists and folders"


def test_crops_of_one_picture_are_one_origin_in_all_copies_of_a_release(write_pairs: Callable[..., Path]) -> None:
    write_pairs("big/train", ["train_1", "train_2"])
    root = write_pairs("small", ["train_1_0000_0000", "train_1_0000_0256", "7_1", "7_2", "8_1"])
    source = source_of(root, [find_folders(root / "big"), find_folders(root / "small")])
    origins = {pair.name: pair.origin for pair in source.pairs}
    assert origins["big/train/train_1"] == origins["small/train_1_0000_0000"] == origins["small/train_1_0000_0256"]
    assert origins["small/7_1"] == origins["small/7_2"] != origins["small/8_1"]
    assert len(source.origins) == 4


def test_a_picture_with_crops_in_two_parts_is_in_the_later_one_and_said(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x", ["city_0000_0000", "city_0000_0256", "town"]) / "x"
    (where / "list").mkdir()
    (where / "list" / "train.txt").write_text("city_0000_0000\ntown")
    (where / "list" / "test.txt").write_text("city_0000_0256")
    source = located(where)
    assert told(source) == {"city_0000_0000": "test", "city_0000_0256": "test", "town": "train"}
    assert any("1 whole picture has crops in several parts" in note for note in source.warnings)


def test_parts_that_number_anew_are_different_pictures(write_pairs: Callable[..., Path]) -> None:
    for part in ("train", "test"):
        where = write_pairs(f"x/{part}", ["0_1", "0_2"]) / "x"
    source = located(where)
    assert told(source) == {"train/0_1": "train", "train/0_2": "train", "test/0_1": "test", "test/0_2": "test"}
    assert len(source.origins) == 2 and source.warnings == ()


def test_a_pair_is_read_as_two_dates_and_a_label_of_zero_and_one(write_pairs: Callable[..., Path]) -> None:
    source = located(write_pairs("x", ["a"], side=16) / "x")
    views = source.read(source.pairs[0])
    assert views.before.shape == views.after.shape == (16, 16, 3) and views.before.dtype == np.uint8
    assert (views.labels[:, :4] == 1).all() and (views.labels[:, 4:] == 0).all()
    assert not np.array_equal(views.before, views.after)


def test_another_file_of_the_same_size_changes_the_stamp_only(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x", ["a"]) / "x"
    old = located(where)
    path = where / "label" / "a.png"
    path.write_bytes(path.read_bytes())
    new = located(where)
    assert old.fingerprint() == new.fingerprint() and old.stamp() != new.stamp()


def _file(image: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_labels_in_all_the_forms_that_sets_have() -> None:
    wanted = np.zeros((16, 16), dtype=np.uint8)
    wanted[4:12, 4:12] = 1
    palette = Image.fromarray(wanted, mode="P")
    palette.putpalette([0, 0, 0, 200, 30, 30])
    indices = Image.fromarray(wanted, mode="P")
    indices.putpalette([0, 0, 0, 1, 1, 1])
    white_first = Image.fromarray(1 - wanted, mode="P")
    white_first.putpalette([255, 255, 255, 0, 0, 0])
    forms = {
        "palette of the classes": _file(indices, "PNG"),
        "palette with white first": _file(white_first, "PNG"),
        "opaque alpha": _file(Image.fromarray(wanted * 255).convert("RGBA"), "PNG"),
        "0 and 1": _file(Image.fromarray(wanted), "PNG"),
        "0 and 255": _file(Image.fromarray(wanted * 255), "BMP"),
        "one bit": _file(Image.fromarray(wanted * 255).convert("1"), "PNG"),
        "RGB": _file(Image.fromarray(wanted * 255).convert("RGB"), "PNG"),
        "palette": _file(palette, "PNG"),
        "16 bits": _file(Image.fromarray(wanted.astype(np.uint16) * 255), "TIFF"),
        "JPEG": _file(Image.fromarray(wanted * 255), "JPEG", quality=90),
    }
    for words, data in forms.items():
        assert np.array_equal(read_picture(data, label), wanted), words


def _three_values(where: Path) -> None:
    values = np.zeros((16, 16), dtype=np.uint8)
    values[0, :2] = 128, 255
    Image.fromarray(values).save(where / "label" / "a.png")


def _grey_jpeg(where: Path) -> None:
    (where / "label" / "a.png").write_bytes(_file(Image.new("L", (16, 16), 128), "JPEG"))


def _marks_in_alpha(where: Path) -> None:
    mask = Image.open(where / "label" / "a.png")
    Image.merge("LA", (Image.new("L", mask.size, 255), mask)).save(where / "label" / "a.png")


def _transparent_palette(where: Path) -> None:
    mask = Image.open(where / "label" / "a.png").convert("P")
    mask.save(where / "label" / "a.png", transparency=0)


def _other_label_size(where: Path) -> None:
    Image.new("L", (16, 8)).save(where / "label" / "a.png")


def _other_date_size(where: Path) -> None:
    Image.new("RGB", (8, 16)).save(where / "B" / "a.png")


def _cut_short(where: Path) -> None:
    path = where / "B" / "a.png"
    path.write_bytes(path.read_bytes()[:200])


def _empty(where: Path) -> None:
    (where / "B" / "a.png").write_bytes(b"")


def _sixteen_bits(where: Path) -> None:
    Image.fromarray(np.zeros((16, 16), dtype=np.uint16)).save(where / "B" / "a.png")


def _link_to_nothing(where: Path) -> None:
    (where / "B" / "a.png").unlink()
    (where / "B" / "a.png").symlink_to(where / "gone.png")


def _giant(where: Path) -> None:
    data = bytearray(_file(Image.new("L", (1, 1)), "BMP"))
    data[18:26] = struct.pack("<ii", 100_000, 100_000)
    (where / "B" / "a.png").write_bytes(data)


BROKEN = [
    (
        _three_values,
        "/label/a.png cannot be read (it holds 3 values (0, 128, 255), and a label holds two: 0 and 255",
    ),
    (_grey_jpeg, "/label/a.png cannot be read (it holds 1 value (128), and a label holds two"),
    *(
        (alpha, "/label/a.png cannot be read (it has transparent pixels, and a label has none: save it without alpha)")
        for alpha in (_marks_in_alpha, _transparent_palette)
    ),
    (_other_label_size, "/label/a.png has 8 x 16 pixels, but"),
    (_other_date_size, "/B/a.png has 16 x 8 pixels, but"),
    (_cut_short, "/B/a.png cannot be read ("),
    (_empty, "/B/a.png cannot be read (no image data): replace it, or remove the pair."),
    (_sixteen_bits, "/B/a.png cannot be read (its pixels are not 8 bits deep"),
    (_giant, "/B/a.png cannot be read (it has more than 89,478,485 pixels, and no more are read)"),
]


@pytest.mark.parametrize(("break_it", "words"), BROKEN)
def test_broken_pairs_are_told_in_one_sentence(
    break_it: Callable[[Path], None], words: str, write_pairs: Callable[..., Path]
) -> None:
    where = write_pairs("x", ["a"]) / "x"
    break_it(where)
    source = located(where)
    with pytest.raises(BrokenPair) as caught:
        source.read(source.pairs[0])
    assert words in str(caught.value) and str(where) in str(caught.value) and "\n" not in str(caught.value)


def test_a_link_to_nothing_is_told(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x", ["a"]) / "x"
    _link_to_nothing(where)
    with pytest.raises(RsbenchError, match=r"/B/a\.png cannot be read \(No such file or directory\)"):
        located(where)


def test_a_first_date_without_a_head_is_told_at_once(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x", ["a"]) / "x"
    (where / "A" / "a.png").write_bytes(b"words")
    with pytest.raises(RsbenchError, match=r"/A/a\.png cannot be read \(it is damaged, or no TIFF, PNG"):
        located(where)


def test_a_picture_reader_names_what_a_label_lacks() -> None:
    with pytest.raises(BrokenPicture, match=r"it holds 256 values \(0, 1, 2, 3, \.\.\.\), and a label"):
        read_picture(_file(Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)), "PNG"), label)
