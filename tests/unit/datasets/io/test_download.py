"""Downloads from a server on loopback: resumed, compared with digests, met with one sentence."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from dataset_files import md5

from rsbench.datasets import Download
from rsbench.datasets.io import download
from rsbench.errors import RsbenchError


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)


def _item(server, name: str = "file.bin", **changes) -> Download:
    return Download(url=f"{server.address}/{name}", file=name, **changes)


def test_a_broken_connection_is_resumed(server, tmp_path: Path) -> None:
    body = bytes(range(256)) * 40
    server.files["/file.bin"], server.cut_after_bytes = body, 4000
    fetched = download.download(_item(server, md5=md5(body)), tmp_path, None)
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
    with pytest.raises(RsbenchError, match=f"has MD5 {md5(b'tampered')}, its source publishes {'0' * 32}"):
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


@pytest.mark.parametrize("damage", [b"", b"\n", b"\xff\xfe", b"zz  file.bin", b"[]", bytes(1 << 17)])
def test_a_damaged_digest_is_one_sentence(damage: bytes, server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"content"
    (tmp_path / "file.bin.sha256").write_bytes(damage)
    with pytest.raises(RsbenchError, match=r"file\.bin\.sha256 should hold the SHA-256 .* is damaged: delete it"):
        download.download(_item(server), tmp_path, None)


PARTS = [
    b"",
    b"[]",
    b"7",
    b"[" * 50_000,
    b"\xff",
    b'{"url": 7}',
    b'{"url": "URL", "total_bytes": "x"}',
    b'{"url": "URL", "total_bytes": -1}',
    b'{"url": "URL", "total_bytes": 1e999}',
    b'{"url": "URL", "total_bytes": 9, "validator": "a\\r\\nb"}',
    b'{"url": "URL", "total_bytes": 9, "validator": ["x"]}',
    b'{"url": "URL", "total_bytes": 9, "validator": "\\udc80"}',
]


@pytest.mark.parametrize("damage", PARTS)
def test_a_damaged_state_begins_anew(damage: bytes, server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"content"
    (tmp_path / "file.bin.part").write_bytes(b"old")
    (tmp_path / "file.bin.part.json").write_bytes(damage.replace(b"URL", f"{server.address}/file.bin".encode()))
    assert download.download(_item(server), tmp_path, None).path.read_bytes() == b"content"
    assert server.ranges == [None]


@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("suffix", [".part", ".part.json", ".sha256"])
def test_links_in_a_shared_root_are_replaced_not_followed(link, suffix: str, server, tmp_path: Path) -> None:
    body = bytes(range(256)) * 40
    server.files["/file.bin"], server.cut_after_bytes = body, 4000
    precious, store = tmp_path / "precious", f"{hashlib.sha256(body).hexdigest()}  file.bin"
    precious.write_text(store)
    link(precious, tmp_path / f"file.bin{suffix}")
    assert download.download(_item(server), tmp_path, None).path.read_bytes() == body
    assert precious.read_text() == store


def test_a_link_in_place_of_the_lock_is_not_followed(server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"content"
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "file.bin.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(RsbenchError, match=r"file\.bin cannot be written \(Too many levels of symbolic links\)"):
        download.download(_item(server), tmp_path, None)
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_fifo_in_place_of_a_part_is_replaced(server, tmp_path: Path) -> None:
    server.files["/file.bin"] = b"content"
    for suffix in (".part", ".part.json"):
        os.mkfifo(tmp_path / f"file.bin{suffix}")
    assert download.download(_item(server), tmp_path, None).path.read_bytes() == b"content"


def test_a_file_larger_than_it_may_be_is_not_read(server, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(bytes(101))
    with pytest.raises(RsbenchError, match=r"cannot be used \(it has 101 bytes, and at most 100 are read\)"):
        download.download(_item(server, max_bytes=100), tmp_path, None)


def _mirrored(server, *paths: str, body: bytes = b"good") -> Download:
    url, *mirrors = (f"{server.address}/{path}" for path in paths)
    return Download(url=url, mirrors=tuple(mirrors), file="file.bin", md5=md5(body))


def test_a_mirror_sends_what_the_first_address_has_not(server, tmp_path: Path) -> None:
    server.files["/there"] = b"good"
    fetched = download.download(_mirrored(server, "gone", "there"), tmp_path, None)
    assert fetched.path.read_bytes() == b"good"
    [failure] = fetched.failures
    assert f"{server.address}/gone answers 404" in failure


def test_a_mirror_is_asked_where_another_file_came(server, tmp_path: Path) -> None:
    server.files |= {"/changed": b"evil", "/there": b"good"}
    fetched = download.download(_mirrored(server, "changed", "there"), tmp_path, None)
    assert fetched.path.read_bytes() == b"good"
    assert "has MD5" in fetched.failures[0]


def test_the_first_address_that_works_ends_the_search(server, tmp_path: Path) -> None:
    server.files["/there"] = b"good"
    assert download.download(_mirrored(server, "there", "never"), tmp_path, None).failures == ()
    assert len(server.ranges) == 1


def test_every_address_that_failed_is_named(server, tmp_path: Path) -> None:
    server.files["/changed"] = b"evil"
    with pytest.raises(RsbenchError) as problem:
        download.download(_mirrored(server, "gone", "changed"), tmp_path, None)
    text = str(problem.value)
    assert f"{server.address}/gone answers 404" in text and f"What {server.address}/changed sent has MD5" in text
    assert not (tmp_path / "file.bin").exists()
