"""A family's name in a grid: what it stands for, and which of it is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from htd_scenes import MAP, SCENE
from scipy.io import savemat

from rsbench import datasets
from rsbench.errors import RsbenchError
from rsbench.planning import families
from rsbench.planning.grid import Grid

ABU = datasets.families()["abu"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("abu-beach-1", "abu-urban-2"):
        savemat(tmp_path / f"{name}.mat", {"data": SCENE, "map": MAP})
    return tmp_path


def asked(*names: str) -> Grid:
    return families.expand(Grid(datasets=names))


def test_a_family_stands_for_its_members_where_it_is_named() -> None:
    grid = asked("synthetic", "abu", "abu-beach-2", "trento")
    others = [name for name in ABU if name != "abu-beach-2"]
    assert grid.datasets == ("synthetic", *ABU, "trento") and grid.optional == set(others)
    assert asked("synthetic") == Grid(datasets=("synthetic",))
    assert asked("nobody").datasets == ("nobody",), "what nobody knows is refused later"
    grid.check()


def test_members_that_are_missing_are_left_out_and_named(root: Path) -> None:
    (grid,), located, (note,) = families.find([asked("abu", "synthetic")], root, strict=True)
    assert grid.datasets == ("abu-beach-1", "abu-urban-2", "synthetic") and set(located) == set(grid.datasets)
    assert note.startswith("Note: abu stands for abu-beach-1, abu-urban-2 here; of its 13 data sets 11 are not below ")
    assert note.endswith("abu-urban-1, abu-urban-3, abu-urban-4, abu-urban-5.")


def test_a_member_that_is_named_alone_is_wanted(root: Path) -> None:
    with pytest.raises(RsbenchError, match=r'"abu-beach-2" .* was not found'):
        families.find([asked("abu", "abu-beach-2")], root, strict=False)
    with pytest.raises(RsbenchError, match=r'"abu-beach-2" .* was not found'):
        families.find([asked("abu"), asked("abu-beach-2")], root, strict=False)


def test_a_family_of_which_nothing_is_there_is_an_error_with_the_layout(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r'^None of the 13 data sets that "abu" stands for is there\. .*ABU/abu-air'):
        families.find([asked("synthetic", "abu")], tmp_path, strict=False)


def test_a_member_that_is_named_alone_counts_as_one_of_its_family(root: Path) -> None:
    (grid,), _, (note,) = families.find([asked("abu", "abu-beach-1")], root, strict=False)
    assert grid.datasets == ("abu-beach-1", "abu-urban-2")
    assert note.startswith("Note: abu stands for abu-beach-1, abu-urban-2 here; of its 13 data sets 11 are not below ")
    (root / "abu-urban-2.mat").unlink()
    (grid,), _, (note,) = families.find([asked("abu", "abu-beach-1")], root, strict=False)
    assert grid.datasets == ("abu-beach-1",) and "of its 13 data sets 12 are not below" in note


def test_a_member_that_is_broken_is_told_and_not_left_out(root: Path) -> None:
    (root / "abu-urban-2.mat").write_text("no MATLAB file" * 100)
    with pytest.raises(RsbenchError, match=r"abu-urban-2\.mat cannot be read as a MATLAB file"):
        families.find([asked("abu")], root, strict=False)


def test_a_plan_without_data_takes_the_declared_members_and_with_some_only_those(root: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (grid,), located, (note,) = families.find([asked("abu")], empty, strict=False, planned=True)
    assert grid.datasets == ("abu-airport-4", "abu-beach-2", "abu-beach-3", "abu-urban-3")
    assert not any(one.is_on_disk for one in located.values())
    assert note == (
        f"Note: none of abu's 13 data sets is below {empty}; planned with the 4 whose size is known: abu-airport-4, "
        "abu-beach-2, abu-beach-3, abu-urban-3."
    )
    (grid,), located, _ = families.find([asked("abu")], root, strict=False, planned=True)
    assert grid.datasets == ("abu-beach-1", "abu-urban-2") and all(one.is_on_disk for one in located.values())
