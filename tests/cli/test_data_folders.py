"""``rsbench data check`` and ``rsbench compare --dry-run`` agree about what stands in odd folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
FOLDERS = Path(__file__).parents[1] / "programs/make_folders.py"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("folders")
    subprocess.run([sys.executable, FOLDERS, root], check=True)
    return root


LINK = "river_10.jpg {}: it is a link to /scratch/purged/river_10.jpg, where nothing stands"
CASES = {
    "same-stem": (30, 24, None),
    "dangling": (20, 16, LINK),
    "legacy-names": (20, 16, None),
    "legacy-files": (20, 16, None),
    "macosx": (20, 16, None),
}


@pytest.mark.parametrize("name", CASES)
def test_both_commands_see_the_same_pictures(name: str, folders: Path, rsbench: Call, tmp_path: Path) -> None:
    images, trained, problem = CASES[name]
    checked = rsbench("data", "check", "imagefolder", "--data-root", folders / name)
    assert f"{images} images, 2 of 2 classes" in checked.output
    assert checked.exit_code == (0 if problem is None else 1)
    assert problem is None or problem.format("cannot be read") in checked.output
    options = ("--dataset", "imagefolder", "--batch-size", 1, "--workers", 1, "--epochs", 1, "--compressor", "none")
    planned = rsbench("compare", *options, "--data-root", folders / name, "--out", tmp_path, "--dry-run")
    assert planned.exit_code == 0, planned.output
    (row,) = [line.split() for line in planned.output.splitlines() if "smallvgg" in line]
    assert row[row.index("x") + 2] == str(trained), "steps of one image each"
    assert ("Warning" in planned.output) == (problem is not None)
    assert problem is None or problem.format("is left out") in planned.output


def test_names_that_are_no_utf8_are_shown_as_their_bytes(rsbench: Call, tmp_path: Path, folders: Path) -> None:
    broken = next((folders / "legacy-files/river").glob("*[!0-9a-z_.]*"))
    whole = broken.read_bytes()
    broken.write_bytes(b"broken")
    try:
        checked = rsbench("data", "check", "imagefolder", "--data-root", folders / "legacy-files")
    finally:
        broken.write_bytes(whole)
    assert checked.exit_code == 1 and r"river/\xba\xd30.jpg cannot be read: it is damaged, or no TIFF" in checked.output


@pytest.mark.long
def test_names_that_are_no_utf8_travel_into_records_and_reports(rsbench: Call, tmp_path: Path, folders: Path) -> None:
    options = ("--image-size", 16, "--batch-size", 4, "--workers", 1, "--epochs", 1, "--compressor", "none")
    root, out = folders / "legacy-names", tmp_path / "out"
    done = rsbench("compare", "--dataset", "imagefolder", *options, "--data-root", root, "--out", out)
    assert done.exit_code == 0, done.output
    (record,) = out.glob("cells/*/record.json")
    classes = json.loads(record.read_text())["dataset"]["classes"]
    assert [os.fsencode(name) for name in classes] == [b"forest", "河流".encode("gbk")]
    assert r"\xba\xd3\xc1\xf7" in (out / "report.html").read_text()
