"""Files that others put there: only plain ones are opened, and no link is followed to write."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rsbench.datasets.io.plain_file import UnfitFile, create_plain, open_plain, read_plain, reopen_plain, require_plain


def test_a_plain_file_is_read_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_plain(tmp_path / "link", 7) == b"content"
    assert require_plain(tmp_path / "a", 7).st_size == 7


@pytest.mark.parametrize("read", [read_plain, open_plain, require_plain])
def test_what_is_no_plain_file_is_refused_at_once(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "to fifo").symlink_to(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        listening.bind("socket")
    kinds = {"fifo": "a FIFO", "to fifo": "a FIFO", "zero": "a device", "socket": "a socket", ".": "a folder"}
    for name, kind in kinds.items():
        with pytest.raises(UnfitFile, match=f"it is {kind}, not a plain file"):
            read(tmp_path / name, 10)


def test_the_largest_size_is_stated(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1_500_000_000)
    with pytest.raises(UnfitFile, match="it has 1,500,000,000 bytes, and at most 1,000,000 are read"):
        read_plain(tmp_path / "sparse", 1_000_000)
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "none", 1)


def test_writing_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    for name, link in (("soft", os.symlink), ("hard", os.link)):
        link(tmp_path / "precious", tmp_path / name)
        with pytest.raises(UnfitFile, match="it is a link|it has a second name"):
            reopen_plain(tmp_path / name)
        with create_plain(tmp_path / name) as file:
            file.write(b"new")
        assert (tmp_path / name).read_bytes() == b"new" and not (tmp_path / name).is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_our_own_file_is_opened_again(tmp_path: Path) -> None:
    with create_plain(tmp_path / "part") as file:
        file.write(b"abcdef")
    with reopen_plain(tmp_path / "part") as file:
        file.seek(3)
        file.write(b"XYZ")
    assert (tmp_path / "part").read_bytes() == b"abcXYZ"
