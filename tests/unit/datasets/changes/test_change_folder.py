"""The user's own folders, alone or beside each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rsbench import datasets


def test_several_sets_beside_each_other_are_one(write_pairs: Callable[..., Path]) -> None:
    write_pairs("levir", ["train_1_0000_0000", "test_2_0000_0000", "test_2_0000_0256"])
    root = write_pairs("mine", [f"{number:02d}" for number in range(10)])
    (root / "letters").mkdir()
    survey = datasets.get("change-folder").survey(root)
    assert survey.contents == "13 pairs" and survey.inputs == {"classes": 2, "channels": 3}
    assert survey.warnings == (f"letters in {root} has no layout that change-folder reads and is left out.",)
    assert survey.sized(16).train_samples("official", 0) == 1 + 7
    assert survey.sized(8).train_samples("official", 0) == 4 * (1 + 7)


def test_a_folder_of_its_name_comes_first(write_pairs: Callable[..., Path]) -> None:
    write_pairs("other", ["a", "b"])
    root = write_pairs("change-folder", ["a"])
    assert datasets.get("change-folder").survey(root).contents == "1 pair"


def test_one_set_may_be_the_root_itself(write_pairs: Callable[..., Path]) -> None:
    root = write_pairs(".", ["a", "b", "c"])
    assert datasets.get("change-folder").survey(root).where == root
