"""Archives that came from the network: nothing in them is trusted."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest
from dataset_files import zipped

from rsbench.datasets.io import unpack
from rsbench.errors import RsbenchError


@pytest.mark.parametrize("name", ["../out.txt", "/abs.txt", "a/../../out.txt", "a\\..\\out.txt", "C:/out.txt"])
def test_no_member_leaves_the_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({"good.txt": b"good", name: b"evil"}))
    with pytest.raises(RsbenchError, match="a path outside the folder"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in" / "folder")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.zip"], "nothing was written at all"


def test_no_links(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(RsbenchError, match="a link or device"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_no_way_through_a_link_that_stands_there(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in" / "sub").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "x.zip").write_bytes(zipped({"sub/a.txt": b"a"}))
    with pytest.raises(RsbenchError, match="a link leads outside"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_no_bombs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5_000_000))
    with pytest.raises(RsbenchError, match="over 200 times its size"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in")


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": b"aaaaaaaa"}))
    data[data.index(b"aaaaaaaa")] = 0
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(RsbenchError, match=r"x\.zip is damaged"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in")
    assert not (tmp_path / "in/a.txt").exists()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_in_place_of_parts_are_not_followed(link, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "precious").write_bytes(b"precious")
    link(tmp_path / "precious", tmp_path / "in/a.txt.part")
    (tmp_path / "x.zip").write_bytes(zipped({"a.txt": b"content"}))
    assert unpack.unpack(tmp_path / "x.zip", tmp_path / "in") == 1
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.txt"]


def test_a_fifo_in_place_of_a_part_or_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.txt.part", "a.txt"):
        os.mkfifo(tmp_path / "in" / name)
    (tmp_path / "x.zip").write_bytes(zipped({"a.txt": b"content"}))
    unpack.unpack(tmp_path / "x.zip", tmp_path / "in")
    assert (tmp_path / "in/a.txt").read_bytes() == b"content"


def test_junk_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zipped({"a/b.txt": b"b", "__MACOSX/a/._b.txt": b"x", "a/@eaDir/b.txt": b"x"}))
    assert unpack.unpack(tmp_path / "x.zip", tmp_path / "in") == 1


def test_only_a_full_disk_asks_for_space(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"x/" + "n" * 300: b"body"}))
    with pytest.raises(RsbenchError, match=r"\(File name too long\): delete that archive if it is not"):
        unpack.unpack(tmp_path / "a.zip", tmp_path / "out")
