"""Fetching a whole data set from a server on loopback: downloaded, compared, unpacked, told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from dataset_files import md5, zipped

from rsbench import datasets
from rsbench.datasets import Download
from rsbench.datasets.io import download
from rsbench.datasets.scenes.eurosat import EuroSAT
from rsbench.errors import RsbenchError


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)


@pytest.fixture
def eurosat_archive(tmp_path: Path, write_images) -> bytes:
    folder = write_images("source/{c}/{c}_{i}.jpg", ("Forest", "River"), 3)
    return zipped(
        {f"2750/{path.parent.name}/{path.name}": path.read_bytes() for path in folder.rglob("source/*/*.jpg")}
    )


@pytest.fixture
def served(server, eurosat_archive: bytes, monkeypatch: pytest.MonkeyPatch):
    """EuroSAT, its archive served on loopback."""
    server.files["/EuroSAT.zip"] = eurosat_archive
    server.files["/eurosat-train.txt"] = b"Forest_0.jpg\n"
    items = (
        Download(
            url=f"{server.address}/EuroSAT.zip",
            file="eurosat/EuroSAT.zip",
            md5=md5(eurosat_archive),
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


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("houston2013", 'cannot download "houston2013" (Houston 2013): get it from https://machinelearning.ee.uh.edu/'),
        ("trento", "ask the authors of its paper"),
        ("imagefolder", "put your own files there"),
    ],
)
def test_what_cannot_be_downloaded_says_where_it_comes_from(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(RsbenchError) as problem:
        datasets.fetch(name, tmp_path)
    assert words in str(problem.value) and "Layout, with" in str(problem.value)


def test_every_published_set_says_how_to_get_it(tmp_path: Path) -> None:
    ways = {name: kind().way_to_get(tmp_path) for name, kind in datasets.DATASETS.items()}
    assert ways["ucm21"] == f"fetch it with `rsbench data fetch ucm21 --data-root {tmp_path}`"
    assert {name for name, way in ways.items() if way == "put your own files there"} == {
        "imagefolder",
        "multimodal-mat",
        "htd-mat",
        "had-mat",
    }
    assert [name for name, way in ways.items() if "no public page" in way] == ["trento"]
