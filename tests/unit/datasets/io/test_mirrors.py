"""Several addresses a file: tried in turn, each failure named."""

from __future__ import annotations

from pathlib import Path

import pytest
from dataset_files import md5

from rsbench.datasets import Download
from rsbench.datasets.io import download
from rsbench.errors import RsbenchError


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)


def _item(server, *paths: str, body: bytes = b"good") -> Download:
    url, *mirrors = (f"{server.address}/{path}" for path in paths)
    return Download(url=url, mirrors=tuple(mirrors), file="file.bin", md5=md5(body))


def test_a_mirror_sends_what_the_first_address_has_not(server, tmp_path: Path) -> None:
    server.files["/there"] = b"good"
    fetched = download.download(_item(server, "gone", "there"), tmp_path, None)
    assert fetched.path.read_bytes() == b"good"
    [failure] = fetched.failures
    assert f"{server.address}/gone answers 404" in failure


def test_a_mirror_is_asked_where_another_file_came(server, tmp_path: Path) -> None:
    server.files |= {"/changed": b"evil", "/there": b"good"}
    fetched = download.download(_item(server, "changed", "there"), tmp_path, None)
    assert fetched.path.read_bytes() == b"good"
    assert "has MD5" in fetched.failures[0]


def test_the_first_address_that_works_ends_the_search(server, tmp_path: Path) -> None:
    server.files["/there"] = b"good"
    assert download.download(_item(server, "there", "never"), tmp_path, None).failures == ()
    assert len(server.ranges) == 1


def test_every_address_that_failed_is_named(server, tmp_path: Path) -> None:
    server.files["/changed"] = b"evil"
    with pytest.raises(RsbenchError) as problem:
        download.download(_item(server, "gone", "changed"), tmp_path, None)
    text = str(problem.value)
    assert f"{server.address}/gone answers 404" in text and f"What {server.address}/changed sent has MD5" in text
    assert not (tmp_path / "file.bin").exists()
