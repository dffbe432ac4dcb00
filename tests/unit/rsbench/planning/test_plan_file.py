"""Plans as files: which are shipped, what they may say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsbench.errors import RsbenchError
from rsbench.planning import plan_file
from rsbench.recipe.sync import parse_sync


def test_the_plans_that_users_were_promised_are_there() -> None:
    promised = {"paper-scene", "paper-multimodal", "paper-ablation", "paper-ratio", "paper-scaling", "gcc-htd"}
    promised |= {"steps-or-rounds", "fedfusion", "ar-cdnet", "bsdm-had"}
    assert promised <= set(plan_file.shipped())


def test_plan_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('dataset = "ucm21"\nmax-steps = 3\nseeds = [0, 2]\nratio = [10, 20]\n')
    known = ["dataset", "max_steps", "seeds", "ratio"]
    assert plan_file.read(path, known).options == {
        "dataset": "ucm21",
        "max_steps": 3,
        "seeds": [0, 2],
        "ratio": [10, 20],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [("ratios = 3", 'Did you mean "ratio"'), ("ratio = ", "not valid TOML"), ("[ratio]\na = 1", "table")],
)
def test_wrong_plan_files(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(RsbenchError, match=words):
        plan_file.read(path, ["ratio", "dataset"])


def test_plans_from_editors_on_windows(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes('ratio = 3\r\ndataset = "ucm21"\r\n'.encode("utf-8-sig"))
    assert plan_file.read(path, ["ratio", "dataset"]).options == {"ratio": 3, "dataset": "ucm21"}
    path.write_bytes("ratio = 3".encode("utf-16"))
    with pytest.raises(RsbenchError, match=r"plan\.toml is no text in UTF-8 \(byte 0\): save it as UTF-8\.$"):
        plan_file.read(path, ["ratio"])


def test_missing_plan_file(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=r"none\.toml cannot be read"):
        plan_file.read(tmp_path / "none.toml", [])


def test_a_run_of_steps_or_rounds_has_two_rounds_at_least() -> None:
    """Counted for the smallest data set, half of the 2,000 images of the published part of EuroSAT."""
    known = [
        "workers",
        "model",
        "image_size",
        "split",
        "epochs",
        "max_steps",
        "batch_size",
        "lr",
        "tuning_seed",
        "seeds",
    ]
    known += ["device", "dataset", "partition", "compressor", "sync", "ratio"]
    for size in plan_file.SIZES:
        plan = plan_file.read(plan_file.shipped()["steps-or-rounds"], known, size)
        steps = plan.options["epochs"] * (1000 // 2 // plan.options["batch_size"])
        longest = max(parse_sync(text).every for grid in plan.grids for text in grid.get("sync", ["steps"]))
        assert 2 * longest <= steps <= plan.options["max_steps"], size
