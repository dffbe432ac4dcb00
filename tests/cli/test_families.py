"""A name that stands for several data sets, in commands."""

from __future__ import annotations

import json
from pathlib import Path

from htd_scenes import MAP, SCENE
from scipy.io import savemat


def test_compare_names_what_is_missing_of_a_family_and_run_takes_one_data_set(rsbench, tmp_path: Path) -> None:
    nothing = rsbench("compare", "--dataset", "abu", "--data-root", tmp_path, "--out", tmp_path / "out")
    assert nothing.exit_code == 2
    assert nothing.stderr.startswith('Error: None of the 13 data sets that "abu" stands for is there. The data set')
    one = rsbench("run", "--dataset", "abu", "--data-root", tmp_path, "--out", tmp_path / "out")
    assert one.exit_code == 2 and '"abu" stands for 13 data sets: name one of abu-airport-1' in one.stderr


def test_doctor_and_check_see_the_scenes_that_are_there(rsbench, tmp_path: Path) -> None:
    (tmp_path / "ABU").mkdir()
    savemat(tmp_path / "ABU" / "abu-beach-1.mat", {"data": SCENE, "map": MAP})
    shown = rsbench("doctor", "--data-root", tmp_path).stdout
    assert "abu-beach-1: 20 x 23 pixels, 15 bands" in shown
    assert "abu-beach-2" not in shown
    checked = rsbench("data", "check", "abu-beach-1", "--data-root", tmp_path)
    assert checked.exit_code == 0 and "9 of the 460 pixels are marked as anomalies" in checked.stdout


def test_a_family_is_one_row_until_it_is_asked_for(rsbench) -> None:
    table = rsbench("list", "datasets").stdout
    assert table.count("abu") == 1 and "13 scenes" in table
    members = rsbench("list", "datasets", "abu").stdout
    assert members.count("ABU ") == 13 and "13 scenes" not in members
    found = json.loads(rsbench("list", "datasets", "abu", "synthetic", "--json").stdout)["datasets"]
    assert [one["family"] for one in found] == ["abu"] * 13 + [None]
    assert "abu-urban-5" in rsbench("list", "datasets", "-v").stdout


def test_check_reads_the_members_that_are_there_and_fetch_names_their_page(rsbench, tmp_path: Path) -> None:
    nothing = rsbench("data", "check", "abu", "--data-root", tmp_path)
    assert nothing.exit_code == 2 and nothing.stderr.startswith('Error: None of the 13 data sets that "abu" stands for')
    for name in ("abu-beach-1", "abu-urban-2"):
        savemat(tmp_path / f"{name}.mat", {"data": SCENE, "map": MAP})
    sound = rsbench("data", "check", "abu", "--data-root", tmp_path)
    assert sound.exit_code == 0
    assert [line.partition(":")[0] for line in sound.stdout.splitlines()] == ["abu-beach-1", "abu-urban-2"]
    (tmp_path / "abu-urban-2.mat").write_text("no MATLAB file" * 100)
    found = rsbench("data", "check", "abu", "--json", "--data-root", tmp_path)
    document = json.loads(found.stdout)
    assert found.exit_code == 2 and not document["ok"]
    assert [(one["name"], one["ok"]) for one in document["data_sets"]] == [
        ("abu-beach-1", True),
        ("abu-urban-2", False),
    ]
    fetched = rsbench("data", "fetch", "abu", "--data-root", tmp_path)
    assert fetched.exit_code == 2
    assert 'the 13 data sets that "abu" stands for: get them from http://xudongkang.weebly.com' in fetched.stderr
