"""``--tolerance`` and ``--intervals``, on ``compare`` and ``report``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]


@pytest.fixture
def losing_cells(rsbench: Call, launcher: Any) -> None:
    """Three seeds of none and topk, which loses 2 points on average, now more, now less."""
    assert rsbench("compare", "--compressor", "none", "--compressor", "topk", "--seeds", "0-2").exit_code == 0
    for path in Path("rsbench-results").glob("cells/*/record.json"):
        record = json.loads(path.read_text())
        if record["cell"]["compressor"] == "topk":
            record["accuracy"]["test"]["oa"] -= (0.0, 0.02, 0.04)[record["cell"]["seed"]]
        path.write_text(json.dumps(record))


@pytest.mark.usefixtures("losing_cells")
@pytest.mark.parametrize("command", [("report",), ("compare", "--compressor", "none", "--compressor", "topk")])
def test_the_users_tolerance_decides_what_is_left_out(rsbench: Call, command: tuple[str, ...]) -> None:
    more = ("--seeds", "0-2") if command[0] == "compare" else ()
    plain, strict = (rsbench(*command, *more, *tolerance) for tolerance in ((), ("--tolerance", "1.5")))
    assert plain.exit_code == strict.exit_code == 0, strict.output
    assert "Left out because" not in " ".join(plain.output.split())
    left_out = "or over 1.5 points lower on average: topk 50x (-2.0 points [-7.0, +3.0] ~)"
    assert left_out in " ".join(strict.output.split())
    assert "or over 1.5 points lower on average" in Path("rsbench-results/report.md").read_text()


@pytest.mark.usefixtures("losing_cells")
def test_intervals_about_new_data_are_wider_and_say_so(rsbench: Call) -> None:
    output = " ".join(rsbench("report", "--intervals", "new-data").output.split())
    assert "corrected resampled t (Nadeau and Bengio 2003)" in output and "-2.0 [-7.0, +3.0]" not in output
    assert "other seeds on these test images" in " ".join(rsbench("report").output.split())


@pytest.mark.usefixtures("losing_cells")
def test_two_folders_side_by_side_are_judged_as_the_user_asks(rsbench: Call, tmp_path: Path) -> None:
    shutil.copytree("rsbench-results", tmp_path / "old")
    for path in Path("rsbench-results").glob("cells/*/record.json"):
        record = json.loads(path.read_text())
        record["accuracy"]["test"]["oa"] -= 0.02 + 0.01 * record["cell"]["seed"]
        path.write_text(json.dumps(record))
    sides = ("--compare", str(tmp_path / "old"), "rsbench-results")
    plain, asked = (
        " ".join(rsbench("report", *sides, *more).output.split())
        for more in ((), ("--tolerance", "2", "--intervals", "new-data"))
    )
    assert "lower on average in B" not in plain and "other seeds on these test images" in plain
    assert "Over 2 points lower on average in B: none, topk 50x." in asked
    assert "corrected resampled t (Nadeau and Bengio 2003)" in asked


@pytest.mark.parametrize("command", ["report", "compare"])
@pytest.mark.parametrize("tolerance", ["-1", "101", "nan", "inf"])
def test_a_tolerance_that_no_loss_can_have_is_refused(
    rsbench: Call, launcher: Any, command: str, tolerance: str
) -> None:
    result = rsbench(command, "--tolerance", tolerance)
    assert result.exit_code == 2 and launcher.ran == []
    assert "a tolerated loss is a number of points from 0 to 100" in " ".join(result.output.split())
