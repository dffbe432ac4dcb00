"""Archives: equal bytes for equal files, and nothing taken on trust."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from rsbench.bundles import archive
from rsbench.bundles.opened import open_results
from rsbench.errors import RsbenchError

RECORD = "cells/a/record.json"


def zipped(path: Path, members: dict[str, bytes], modes: dict[str, int] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(name, 0o644) << 16
            opened.writestr(info, data)
    return path


def test_equal_files_make_equal_bytes_whenever_and_in_whatever_order_they_were_written(tmp_path: Path) -> None:
    for number, names in enumerate((("b", "a/c"), ("a/c", "b"))):
        for name in names:
            file = tmp_path / str(number) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
            file.chmod(0o600 if number else 0o644)
        archive.pack(tmp_path / str(number), tmp_path / f"{number}.zip")
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
    assert zipfile.ZipFile(tmp_path / "0.zip").namelist() == ["a/c", "b"]


def test_a_link_in_the_place_of_the_archive_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("a")
    target = tmp_path / "precious"
    target.write_text("precious")
    (tmp_path / "b.zip").symlink_to(target)
    archive.pack(tmp_path / "in", tmp_path / "b.zip")
    assert target.read_text() == "precious" and zipfile.is_zipfile(tmp_path / "b.zip")


def test_only_cells_are_unpacked_and_the_folder_is_removed(tmp_path: Path) -> None:
    bundle = zipped(tmp_path / "b.zip", {RECORD: b"{}", "report.html": b"x", "cells/a/rank0.log": b"log"})
    with open_results([bundle, tmp_path]) as opened:
        folder = opened.folders[0]
        assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["rank0.log", "record.json"]
        assert opened.folders[1] == tmp_path and opened.writable is None
        assert opened.named(f"The record {folder}/{RECORD} is bad") == f"The record {bundle}/{RECORD} is bad"
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("../evil", 0o644, "a path outside the folder"),
        ("/etc/evil", 0o644, "a path outside the folder"),
        ("cells/../../evil", 0o644, "a path outside the folder"),
        ("cells\\..\\evil", 0o644, "a path outside the folder"),
        ("cells/link", stat.S_IFLNK | 0o777, "a link or device"),
        ("cells/pipe", stat.S_IFIFO | 0o644, "a link or device"),
    ],
)
def test_hostile_members_are_refused_before_anything_is_written(
    tmp_path: Path, name: str, mode: int, words: str
) -> None:
    bundle = zipped(tmp_path / "b.zip", {RECORD: b"{}", name: b"/etc/passwd"}, {name: mode})
    folder = tmp_path / "into"
    folder.mkdir()
    with pytest.raises(RsbenchError, match=words):
        archive.unpack(bundle, folder)
    assert list(folder.iterdir()) == []


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    zeros = bytes(archive.FREE_BYTES // 4)
    bundle = zipped(tmp_path / "b.zip", {RECORD: b"{}", **{f"cells/a/{index}": zeros for index in range(5)}})
    assert bundle.stat().st_size < archive.FREE_BYTES / 100
    with pytest.raises(RsbenchError, match="would unpack to 83,886,082 bytes, but one of its size may hold"):
        archive.unpack(bundle, tmp_path / "into")


def test_a_size_that_lies_is_found(tmp_path: Path) -> None:
    bundle = zipped(tmp_path / "b.zip", {RECORD: b"x" * 5000})
    data = bundle.read_bytes().replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    bundle.write_bytes(data)
    with pytest.raises(RsbenchError, match="cannot be read"):
        archive.unpack(bundle, tmp_path / "into")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"readme.md": b"x"}, "is no bundle, as it holds no cells"),
        ({RECORD: b"{}", "cells/a": b"x"}, r"holds 'cells/a', which no bundle does \(a file and a folder\)\.$"),
        ({"cells/a": b"x", RECORD: b"{}"}, r"holds 'cells/a', which no bundle does \(a file and a folder\)\.$"),
        (
            {RECORD: b"{}", "cells/" + "n" * 300: b"x"},
            r"'cells/n+\.\.\.', which no bundle does \(a name that is too lo",
        ),
        ({RECORD: b"{}", "cells/" + "n/" * 600 + "n": b"x"}, r"which no bundle does \(a name that is too long\)\.$"),
    ],
)
def test_what_is_no_bundle_is_refused(tmp_path: Path, members: dict[str, bytes], words: str) -> None:
    with pytest.raises(RsbenchError, match=words), open_results([zipped(tmp_path / "b.zip", members)]):
        pass


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as opened, pytest.warns(UserWarning, match="Duplicate name"):
        opened.writestr(RECORD, b"{}")
        opened.writestr(RECORD, b'{"other": 1}')
    with pytest.raises(RsbenchError, match=f"holds two files named '{RECORD}'"):
        archive.unpack(tmp_path / "b.zip", tmp_path / "into")


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("no zip")
    with pytest.raises(RsbenchError, match="not a whole zip archive"), open_results([tmp_path / "b.zip"]):
        pass


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    with pytest.raises(RsbenchError, match="holds 2 files"):
        archive.unpack(zipped(tmp_path / "b.zip", {RECORD: b"{}", "x": b""}), tmp_path / "into")
