"""``rsbench data`` for programs: one document on standard output, progress and notes apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from rsbench.datasets import FetchReport

Call = Callable[..., Result]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("field", "water"):
        (root / "imagefolder" / name).mkdir(parents=True)
        for number in range(12):
            picture = Image.new("RGB", (8, 8), (number * 20, len(name), 3))
            picture.save(root / "imagefolder" / name / f"{number}.png")
    return root


def test_check_as_json(rsbench: Call, pictures: Path) -> None:
    sound = rsbench("data", "check", "imagefolder", "--data-root", pictures, "--json")
    document = json.loads(sound.stdout)
    assert (sound.exit_code, sound.stderr) == (0, "")
    assert document["ok"] is True and document["class_counts"] == {"field": 12, "water": 12}
    assert document["sizes_px"] == [{"width": 8, "height": 8, "images": 24}]
    (pictures / "imagefolder" / "water" / "3.png").write_bytes(b"\x89PNG cut short")
    broken = rsbench("data", "check", "imagefolder", "--data-root", pictures, "--json")
    document = json.loads(broken.stdout)
    assert broken.exit_code == 1 and document["ok"] is False
    assert [bad["file"].endswith("3.png") for bad in document["unreadable"]] == [True]


def test_check_of_a_target_scene_as_json(rsbench: Call, tmp_path: Path) -> None:
    document = json.loads(rsbench("data", "check", "synthetic-htd", "--json").stdout)
    assert (document["height_px"], document["bands"], document["target_pixels"]) == (96, 64, 40)
    assert document["ok"] is True


@pytest.fixture
def fetched(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(name: str, data_root: Path, progress: Callable[[str, int, int], None]) -> FetchReport:
        progress("a.zip", 1, 2)
        return FetchReport(
            name=name, title="UC Merced", where=pictures, images=24, files=(), unpacked_files=0, notes=("A note.",)
        )

    monkeypatch.setattr("rsbench.datasets.fetch", fetch)


def test_fetch_says_where_the_data_come_from(rsbench: Call, fetched: None) -> None:
    result = rsbench("data", "fetch", "ucm21")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("UC Merced: 24 images at ") and len(result.stdout.splitlines()) == 1
    for words in ("a.zip ...", "A note.", "Homepage: http://weegee.vision.ucmerced.edu/datasets/landuse.html", "Cite:"):
        assert words in result.stderr
    assert rsbench("data", "fetch", "ucm21", "--quiet").stderr == ""


def test_fetch_as_json(rsbench: Call, fetched: None) -> None:
    document = json.loads(rsbench("data", "fetch", "ucm21", "--json", "-q").stdout)
    assert document["images"] == 24 and document["notes"] == ["A note."] and document["size_bytes"] > 1000
