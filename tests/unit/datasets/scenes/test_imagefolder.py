"""Your own pictures: class folders, with or without a fixed split."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from rsbench.datasets import get
from rsbench.errors import RsbenchError


def test_imagefolder_names_the_empty_class(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 3)
    (tmp_path / "marsh").mkdir()
    with pytest.raises(RsbenchError, match=r"class folder .*marsh holds no image"):
        get("imagefolder").locate(tmp_path)


def test_imagefolder_needs_two_classes(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field",), 3)
    with pytest.raises(RsbenchError, match="one class only"):
        get("imagefolder").locate(tmp_path)


def test_imagefolder_with_fixed_split(tmp_path: Path, write_images) -> None:
    for part, count in (("train", 12), ("test", 3)):
        write_images(part + "/{c}/{i}.png", ("field", "lake"), count)
    scenes = get("imagefolder").prepare(tmp_path, tmp_path / "cache", 16)
    assert scenes.class_names == ("field", "lake")
    split = scenes.split("official", 0)
    names = scenes.names()
    assert {names[i].split("/")[0] for i in (*split.train, *split.val)} == {"train"}
    assert {names[i].split("/")[0] for i in split.test} == {"test"}
    assert (len(split.train), len(split.val), len(split.test)) == (22, 2, 6)


def test_imagefolder_refuses_a_class_that_train_lacks(tmp_path: Path, write_images) -> None:
    write_images("train/{c}/{i}.png", ("field", "lake"), 3)
    write_images("test/{c}/{i}.png", ("field", "marsh"), 3)
    with pytest.raises(RsbenchError, match=r"marsh is a class that .*train does not have"):
        get("imagefolder").locate(tmp_path)


def test_imagefolder_reads_grey_and_transparent_pictures(tmp_path: Path) -> None:
    for name, mode in (("a", "L"), ("b", "RGBA")):
        (tmp_path / name).mkdir()
        Image.new(mode, (20, 30)).save(tmp_path / name / "x.png")
    assert get("imagefolder").prepare(tmp_path, tmp_path / "c", 16).images().shape == (2, 16, 16, 3)


def test_own_folders_keep_every_picture(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.jpg", ("field", "lake"), 10)
    write_images("{c}/{i}.png", ("field",), 10)
    for number in range(3):
        (tmp_path / f"lake/{number}.JPG").write_bytes((tmp_path / f"lake/{number}.jpg").read_bytes())
    source = get("imagefolder").locate(tmp_path)
    assert len(source.pictures) == 33 and source.sentences == ()


@pytest.mark.parametrize(
    "parts",
    [
        ("train", "valid", "test"),
        ("Train", "Test"),
        ("training", "testing"),
        ("TRAIN", "Validation", "TEST"),
        ("train", "val"),
        ("training", "dev"),
    ],
)
def test_common_words_of_parts(parts: tuple[str, ...], tmp_path: Path, write_images) -> None:
    for part, count in zip(parts, (20, 4, 3), strict=False):
        write_images(part + "/{c}/{i}.png", ("field", "lake"), count)
    dataset = get("imagefolder")
    source = dataset.locate(tmp_path)
    split, names = source.split("official", 0), [picture.name for picture in source.pictures]
    folders = [{names[i].split("/")[0] for i in part} for part in (split.train, split.val, split.test)]
    validates = parts[1] if len(parts) == 3 else parts[0]
    assert source.class_names == ("field", "lake")
    assert folders == [{parts[0]}, {validates}, {parts[-1]}]
    told = [f"{tmp_path} has no test folder: {parts[1]} tests, and a tenth of {parts[0]} validates."]
    assert list(source.sentences) == (told if parts[1] in ("val", "dev") else [])
    assert dataset.check(tmp_path).ok


def test_a_class_called_train_is_a_class(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("train", "test", "tram"), 3)
    assert get("imagefolder").locate(tmp_path).class_names == ("test", "train", "tram")


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        (("train/{c}/{i}.png", "Train/{c}/{i}.png", "test/{c}/{i}.png"), "are both the part train: join them"),
        (("train/{c}/{i}.png", "test/{c}/{i}.png", "more/{c}/{i}.png"), "parts test, train of a fixed split, and more"),
        (("train/{c}/{i}.png",), r"holds the part train only: .*--data-root .*train"),
    ],
)
def test_parts_that_make_no_split(patterns: tuple[str, ...], words: str, tmp_path: Path, write_images) -> None:
    for pattern in patterns:
        write_images(pattern, ("field", "lake"), 3)
    with pytest.raises(RsbenchError, match=words):
        get("imagefolder").locate(tmp_path)


def test_junk_is_no_class_and_no_part(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 3)
    for junk in ("__MACOSX/field", "@eaDir", ".ipynb_checkpoints", "System Volume Information", "lost+found"):
        (tmp_path / junk).mkdir(parents=True)
    (tmp_path / "__MACOSX/field/._0.png").write_bytes(bytes(120))
    assert get("imagefolder").locate(tmp_path).class_names == ("field", "lake")
    for part in ("train", "test"):
        write_images(f"parts/{part}" + "/{c}/{i}.png", ("field", "lake"), 3)
        (tmp_path / "parts" / part / "@eaDir").mkdir()
    (tmp_path / "parts/__MACOSX").mkdir()
    assert len(get("imagefolder").locate(tmp_path / "parts").pictures) == 12


def test_a_class_of_other_formats_names_what_is_looked_for(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 3)
    (tmp_path / "marsh").mkdir()
    for name in ("0.gif", "1.gif", "2.jp2"):
        (tmp_path / "marsh" / name).write_bytes(b"x")
    looked = r"pictures are files that end in \.tif, \.tiff, \.png, \.jpg, \.jpeg, \.bmp, \.webp"
    with pytest.raises(RsbenchError, match=rf"marsh holds no image but 3 files \(\.gif 2, \.jp2 1\); {looked}"):
        get("imagefolder").locate(tmp_path)


def test_one_dangling_link_leaves_the_class(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 3)
    (tmp_path / "lake/9.png").symlink_to("/scratch/purged/9.png")
    (tmp_path / "marsh").symlink_to("/scratch/purged/marsh")
    source = get("imagefolder").locate(tmp_path)
    assert len(source.pictures) == 6 and source.class_names == ("field", "lake")
    assert [(one.file, one.reason) for one in source.unreadable] == [
        (str(tmp_path / "marsh"), "it is a link to /scratch/purged/marsh, where nothing stands"),
        (str(tmp_path / "lake/9.png"), "it is a link to /scratch/purged/9.png, where nothing stands"),
    ]


def test_a_class_of_dead_links_alone_says_so(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("field", "lake"), 3)
    (tmp_path / "marsh").mkdir()
    (tmp_path / "marsh/0.png").symlink_to("/scratch/0.png")
    with pytest.raises(RsbenchError, match=r"marsh holds no image that can be read \(it is a link to /scratch/0\.png"):
        get("imagefolder").locate(tmp_path)


def test_names_of_any_bytes_travel_through_the_cache(tmp_path: Path, write_images) -> None:
    """GBK names, line breaks of all kinds and escapes come back from the prepared copy as they stand on disk."""
    write_images("{c}/{i}.png", ("lake", "river"), 3, root=tmp_path / "d")
    root = os.fsencode(tmp_path / "d")
    os.rename(root + b"/river", root + b"/" + "河流".encode("gbk"))
    odd = [b"\xff", b"a\nb", "\u2028\x85\x1c".encode(), b"\x1b[2J"]
    for number, name in enumerate(odd):
        (tmp_path / f"d/lake/n{number}.png").write_bytes((tmp_path / "d/lake/0.png").read_bytes())
        os.rename(root + b"/lake/n%d.png" % number, root + b"/lake/" + name + b".png")
    dataset = get("imagefolder")
    scenes = dataset.prepare(tmp_path / "d", tmp_path / "cache", 16)
    again = type(scenes).load(scenes.folder)
    assert [os.fsencode(name) for name in again.class_names] == [b"lake", "河流".encode("gbk")]
    assert set(map(os.fsencode, again.names()[:7])) == {b"lake/%d.png" % i for i in range(3)} | {
        b"lake/" + name + b".png" for name in odd
    }
    assert len(again.names()) == len(again.images()) == 10
    report = dataset.check(tmp_path / "d")
    assert report.ok and report.images == 10 and len(report.duplicates) == 1
    assert dataset.fingerprint(tmp_path / "d") == scenes.fingerprint


def test_pictures_without_a_class_and_classes_without_pictures_are_told(tmp_path: Path, write_images) -> None:
    write_images("train/{c}/{i}.png", ("field", "lake"), 12)
    write_images("test/{c}/{i}.png", ("field",), 3)
    write_images("{c}.png", ("loose",), 1, root=tmp_path / "test")
    assert get("imagefolder").locate(tmp_path).sentences == (
        f"1 pictures right in {tmp_path / 'test'} have no class and are left out.",
        f"{tmp_path / 'test'} holds no picture of lake.",
    )


def test_class_folders_one_level_down_are_pointed_at(tmp_path: Path, write_images) -> None:
    write_images("data/{c}/{i}.png", ("a", "b"), 2)
    with pytest.raises(RsbenchError, match=f"one class only .data.: .* say --data-root {tmp_path / 'data'}"):
        get("imagefolder").survey(tmp_path)


def test_parts_without_classes_are_not_taken_for_classes(tmp_path: Path, write_images) -> None:
    write_images("{c}/{i}.png", ("train", "Val", "test"), 3)
    with pytest.raises(RsbenchError, match="holds the parts Val, test, train of a split without class folders"):
        get("imagefolder").survey(tmp_path)
    write_images("{c}/{i}.png", ("bus",), 3)
    assert get("imagefolder").survey(tmp_path).inputs == {"classes": 4}
