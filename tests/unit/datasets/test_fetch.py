"""Fetching from a server on loopback: digests, resuming, safe unpacking."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from pathlib import Path

import pytest

from rsbench import datasets
from rsbench.datasets import Download
from rsbench.datasets.io import download, unpack
from rsbench.datasets.scenes.eurosat import EuroSAT
from rsbench.errors import RsbenchError

PNG_SIZE = 5000


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def eurosat_archive(tmp_path: Path, write_images) -> bytes:
    folder = write_images("source/{c}/{c}_{i}.jpg", ("Forest", "River"), 3)
    return _zip({f"2750/{path.parent.name}/{path.name}": path.read_bytes() for path in folder.rglob("source/*/*.jpg")})


@pytest.fixture
def served(server, eurosat_archive: bytes, monkeypatch: pytest.MonkeyPatch):
    """EuroSAT, its archive served on loopback."""
    server.files["/EuroSAT.zip"] = eurosat_archive
    server.files["/eurosat-train.txt"] = b"Forest_0.jpg\n"
    items = (
        Download(
            url=f"{server.address}/EuroSAT.zip",
            file="eurosat/EuroSAT.zip",
            md5=_md5(eurosat_archive),
            unpack_into="eurosat",
        ),
        Download(url=f"{server.address}/eurosat-train.txt", file="eurosat/eurosat-train.txt"),
    )
    monkeypatch.setattr(EuroSAT, "downloads", items)
    return server


def test_fetch_downloads_compares_and_unpacks(served, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    report = datasets.fetch("eurosat", tmp_path / "d", lambda *call: calls.append(call))
    assert report.images == 6 and report.where == tmp_path / "d/eurosat/2750" and report.unpacked_files == 6
    size = len(served.files["/EuroSAT.zip"])
    assert ("EuroSAT.zip", size, size) in calls and ("unpacking EuroSAT.zip", 6, 6) in calls
    assert [file.downloaded for file in report.files] == [True, True]
    sha256 = hashlib.sha256(served.files["/EuroSAT.zip"]).hexdigest()
    assert (tmp_path / "d/eurosat/EuroSAT.zip.sha256").read_text() == f"{sha256}  EuroSAT.zip\n"
    assert any("eurosat-train.txt publishes no digest" in note for note in report.notes)
    assert not list((tmp_path / "d").rglob("*.part*"))
    assert len(datasets.get("eurosat").prepare(tmp_path / "d", tmp_path / "c", 16)) == 6


def test_a_second_fetch_downloads_nothing(served, tmp_path: Path) -> None:
    datasets.fetch("eurosat", tmp_path)
    asked = len(served.ranges)
    report = datasets.fetch("eurosat", tmp_path)
    assert len(served.ranges) == asked and report.unpacked_files == 0
    assert not any(file.downloaded for file in report.files)


def test_complete_folders_are_not_downloaded_again(served, tmp_path, monkeypatch, write_images) -> None:
    monkeypatch.setattr(EuroSAT, "images", 20)
    write_images("eurosat/2750/{c}/{c}_{i}.jpg", EuroSAT.class_names, 2)
    report = datasets.fetch("eurosat", tmp_path)
    assert [file.path.name for file in report.files] == ["eurosat-train.txt"]
    assert any("EuroSAT.zip was not downloaded" in note for note in report.notes)


def test_nothing_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match='"synthetic" is generated: there is nothing to fetch'):
        datasets.fetch("synthetic", tmp_path)


def _item(server, name: str = "file.bin", **changes) -> Download:
    return Download(url=f"{server.address}/{name}", file=name, **changes)


def test_a_broken_connection_is_resumed(server, tmp_path: Path) -> None:
    body = bytes(range(256)) * 40
    server.files["/file.bin"], server.cut_after_bytes = body, 4000
    fetched = download.download(_item(server, md5=_md5(body)), tmp_path, None)
    assert fetched.path.read_bytes() == body
    assert server.ranges == [None, "bytes=4000-"]


def test_a_fetch_goes_on_where_an_earlier_one_ended(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = bytes(range(256)) * 40
    server.files["/file.bin"], server.cut_after_bytes = body, 3000
    monkeypatch.setattr(download, "TRIES", 1)
    with pytest.raises(RsbenchError, match="3,000 bytes are kept"):
        download.download(_item(server), tmp_path, None)
    assert download.download(_item(server), tmp_path, None).path.read_bytes() == body
    assert server.ranges[-1] == "bytes=3000-"


def test_two_versions_are_never_glued(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files["/file.bin"], server.cut_after_bytes = b"old" * 1000, 1500
    monkeypatch.setattr(download, "TRIES", 1)
    with pytest.raises(RsbenchError):
        download.download(_item(server), tmp_path, None)
    server.files["/file.bin"], server.etag = b"new" * 1000, '"v2"'
    assert download.download(_item(server), tmp_path, None).path.read_bytes() == b"new" * 1000


def test_a_part_longer_than_the_file_starts_again(server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"short"
    (tmp_path / "file.bin.part").write_bytes(b"much longer than that")
    url = f"{server.address}/file.bin"
    (tmp_path / "file.bin.part.json").write_text(
        f'{{"url": "{url}", "validator": "\\"v1\\"", "total_bytes": 99}}', encoding="utf-8"
    )
    assert download.download(_item(server), tmp_path, None).path.read_bytes() == b"short"


def test_another_digest_than_published_is_refused_and_removed(server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"tampered"
    with pytest.raises(RsbenchError, match=f"has MD5 {_md5(b'tampered')}, its source publishes {'0' * 32}"):
        download.download(_item(server, md5="0" * 32), tmp_path, None)
    assert not (tmp_path / "file.bin").exists() and not (tmp_path / "file.bin.part").exists()


def test_what_arrives_is_compared_with_what_arrived_before(server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"first"
    path = download.download(_item(server), tmp_path, None).path
    path.unlink()
    server.files["/file.bin"] = b"second"
    with pytest.raises(RsbenchError, match=r"has SHA-256 .*an earlier download had"):
        download.download(_item(server), tmp_path, None)


def test_a_file_that_changed_on_disk_is_left_alone_and_named(server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"first"
    path = download.download(_item(server), tmp_path, None).path
    path.write_bytes(b"edited")
    with pytest.raises(RsbenchError, match=r"file\.bin has SHA-256 .*delete it and fetch again"):
        download.download(_item(server), tmp_path, None)
    assert path.read_bytes() == b"edited"


def test_a_server_that_is_busy_is_asked_again(server, tmp_path: Path) -> None:
    server.files["/file.bin"], server.fail_with = b"x", [503, 429]
    assert download.download(_item(server), tmp_path, None).size_bytes == 1


def test_a_moved_file_is_one_sentence(server, tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r"answers 404 .*with a browser and put it at .*file\.bin\."):
        download.download(_item(server), tmp_path, None)
    assert len(server.ranges) == 1


def test_no_network_is_one_sentence(tmp_path: Path) -> None:
    item = Download(url="http://127.0.0.1:9/file.bin", file="file.bin")
    with pytest.raises(RsbenchError, match="could not be downloaded in 5 tries"):
        download.download(item, tmp_path, None)


def test_a_read_only_root_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file, not a folder")
    item = Download(url="http://127.0.0.1:9/file.bin", file="file.bin")
    with pytest.raises(RsbenchError, match="cannot be written"):
        download.download(item, tmp_path / "root", None)


@pytest.mark.parametrize("name", ["../out.txt", "/abs.txt", "a/../../out.txt", "a\\..\\out.txt", "C:/out.txt"])
def test_no_member_leaves_the_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(_zip({"good.txt": b"good", name: b"evil"}))
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
    (tmp_path / "x.zip").write_bytes(_zip({"sub/a.txt": b"a"}))
    with pytest.raises(RsbenchError, match="a link leads outside"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_no_bombs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5_000_000))
    with pytest.raises(RsbenchError, match="over 200 times its size"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in")


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    data = bytearray(_zip({"a.txt": b"aaaaaaaa"}))
    data[data.index(b"aaaaaaaa")] = 0
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(RsbenchError, match=r"x\.zip is damaged"):
        unpack.unpack(tmp_path / "x.zip", tmp_path / "in")
    assert not (tmp_path / "in/a.txt").exists()
