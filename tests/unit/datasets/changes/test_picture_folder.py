"""Folders of two dates: how they are found, and what is wrong with them in one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rsbench.datasets.changes.picture_folder import find_folders
from rsbench.errors import RsbenchError


@pytest.mark.parametrize(
    "folders",
    [("A", "B", "label"), ("a", "b", "OUT"), ("time1", "time2", "label"), ("im1", "im2", "gt"), ("t1", "t2", "mask")],
)
def test_dates_and_labels_go_by_several_names(folders: tuple[str, ...], write_pairs: Callable[..., Path]) -> None:
    root = write_pairs("x", ["2", "10"], folders=folders)
    (found,) = find_folders(root / "x")
    assert [triple.stem for triple in found.triples] == ["10", "2"] and found.part == ""
    assert [path.parent.name for path in (found.triples[0].before, found.triples[0].after)] == list(folders[:2])


def test_parts_are_folders_of_their_own(write_pairs: Callable[..., Path]) -> None:
    for part in ("Train", "valid", "test", "other"):
        root = write_pairs(f"x/{part}", ["1"])
    assert [(found.where.name, found.part) for found in find_folders(root / "x")] == [
        ("Train", "train"),
        ("valid", "val"),
        ("test", "test"),
    ]


def test_lists_tell_parts_with_and_without_suffixes(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x", ["a", "b", "c.d", "e"]) / "x"
    (where / "list").mkdir()
    (where / "list" / "train.txt").write_text("a.png\r\nb\n\n")
    (where / "list" / "test.txt").write_text("\ufeffc.d.png")
    (where / "list" / "demo.txt").write_text("a.png")
    (found,) = find_folders(where)
    assert {triple.stem: triple.listed for triple in found.triples} == {
        "a": "train",
        "b": "train",
        "c.d": "test",
        "e": "",
    }
    assert found.notes == (f"{where / 'list' / 'demo.txt'} is the list of no part and is not used.",)


def test_lists_may_lie_beside_the_dates(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x", ["a", "b", "c"]) / "x"
    (where / "train.txt").write_text("a\nb")
    (where / "test.txt").write_text("c.png")
    (where / "readme.txt").write_text("words")
    (found,) = find_folders(where)
    assert [triple.listed for triple in found.triples] == ["train", "train", "test"] and found.notes == ()


def test_what_is_no_picture_is_left_alone(write_pairs: Callable[..., Path]) -> None:
    where = write_pairs("x", ["a"]) / "x"
    (where / "A" / "._a.png").write_text("junk")
    (where / "A" / "readme.md").write_text("words")
    assert [triple.stem for triple in find_folders(where)[0].triples] == ["a"]
    assert find_folders(where / "A") == () and find_folders(where / "nowhere") == ()


def _no_later_date(where: Path) -> None:
    (where / "B").rename(where / "C")


def _no_earlier_date(where: Path) -> None:
    (where / "A").rename(where / "C")


def _no_labels(where: Path) -> None:
    (where / "label").rename(where / "marks")


def _lacking(where: Path) -> None:
    for name in "abcd":
        (where / "B" / f"{name}.png").unlink()


def _lacking_label(where: Path) -> None:
    (where / "label" / "b.png").unlink()


def _no_pictures(where: Path) -> None:
    for folder in ("A", "B", "label"):
        for path in (where / folder).iterdir():
            path.unlink()


def _two_of_one_name(where: Path) -> None:
    (where / "A" / "a.jpg").write_bytes(b"")


def _list_of_absent(where: Path) -> None:
    (where / "list").mkdir()
    (where / "list" / "val.txt").write_text("a.png\nx.png\ny.png\n")


def _listed_twice(where: Path) -> None:
    (where / "list").mkdir()
    for part in ("train", "test"):
        (where / "list" / f"{part}.txt").write_text("a.png\n")


def _list_is_empty(where: Path) -> None:
    (where / "Lists").mkdir()
    (where / "Lists" / "val.txt").write_text("\n\n")


def _list_is_no_text(where: Path) -> None:
    (where / "list").mkdir()
    (where / "list" / "train.txt").write_bytes(b"\xff\xfe\x00\x01")


def _list_is_a_fifo(where: Path) -> None:
    (where / "list").mkdir()
    os.mkfifo(where / "list" / "train.txt")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (_no_later_date, "has the date A but not B: add that folder with the pictures of the other date."),
        (_no_earlier_date, "has the date B but not A: add that folder"),
        (_no_labels, "has two dates but no folder of labels: add one that is called label, labels, OUT, mask or gt."),
        (_lacking, "/B lacks 4 pictures (a, b, c, ...), which the other folders of"),
        (_lacking_label, "/label lacks 1 picture (b), which the other folders of"),
        (_no_pictures, "/A holds no pictures; pictures are files that end in .tif"),
        (_two_of_one_name, "/A/a.jpg and a.png have one name: keep one of them."),
        (_list_of_absent, "/list/val.txt names 2 pictures (x, y), which"),
        (_listed_twice, "/list/train.txt names 1 picture (a), which the list of test names too"),
        (_list_is_empty, "/Lists/val.txt names no picture: add names to it, or remove it."),
        (_list_is_no_text, "/list/train.txt cannot be read ("),
        (_list_is_a_fifo, "/list/train.txt cannot be read (it is a FIFO, not a plain file): replace it"),
    ],
)
def test_broken_layouts_are_told_in_one_sentence(
    break_it: Callable[[Path], None], words: str, write_pairs: Callable[..., Path]
) -> None:
    where = write_pairs("x", list("abcde")) / "x"
    break_it(where)
    with pytest.raises(RsbenchError) as caught:
        find_folders(where)
    assert words in str(caught.value) and str(where) in str(caught.value) and "\n" not in str(caught.value)


def test_two_folders_of_one_part_are_refused(write_pairs: Callable[..., Path]) -> None:
    write_pairs("x/val", ["1"])
    where = write_pairs("x/valid", ["1"]) / "x"
    with pytest.raises(RsbenchError, match="are both the part val: join them, or move one away"):
        find_folders(where)
