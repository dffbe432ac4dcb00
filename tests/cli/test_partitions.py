"""``--partition`` on the command line: refused before launch, shown by a dry run, part of the setting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Call = Callable[..., Result]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("classes:5", "--partition classes:5 leaves 8 of 18 classes to no client"),
        ("classes:19", "more classes than the 18"),
        ("blocks", "scene classification has a picture a sample"),
        ("modality", "this data set has one only"),
        ("dirichlet", "write dirichlet:0.3"),
        ("stripes", "write iid, blocks, classes:K, dirichlet:A or modality"),
    ],
)
def test_what_cannot_be_is_refused_before_launch(rsbench: Call, launcher: Any, text: str, words: str) -> None:
    result = rsbench("compare", "--compressor", "none", "--partition", text)
    assert result.exit_code == 2 and words in " ".join(result.output.split()), result.output
    assert launcher.ran == []


def test_a_dry_run_says_it_where_it_is_not_iid(rsbench: Call, launcher: Any) -> None:
    plain = rsbench("compare", "--compressor", "none", "--partition", "iid", "--dry-run").output
    assert "Partition" not in plain
    shown = " ".join(
        rsbench("compare", "--compressor", "none", "--partition", "classes:09", "--dry-run").output.split()
    )
    assert "Partition: 9 classes a client (classes:9) in 1 cell: each worker trains on its own samples" in shown


def test_iid_is_the_cell_of_before_and_a_partition_is_a_setting_of_its_own(
    rsbench: Call, launcher: Any, tmp_path: Path
) -> None:
    for more in ((), ("--partition", "iid"), ("--partition", "dirichlet:0.10"), ("--partition", "dirichlet:0.1")):
        assert rsbench("compare", "--compressor", "none", *more).exit_code == 0
    cells = [json.loads(path.read_text())["cell"] for path in tmp_path.rglob("record.json")]
    assert [cell.get("partition") for cell in cells].count("dirichlet:0.1") == 1
    assert len(cells) == 2 and sum("partition" in cell for cell in cells) == 1
    report = rsbench("report").output
    assert "2 workers on cpu, class shares from Dirichlet(0.1)" in report and "Across partitions" in report


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--partition", "classes:2", "change detection has no class a sample and no single scene: write iid."),
        ("--label-smoothing", "0.1", "change detection has no class a sample to smooth: leave it out."),
        ("--image-size", "5000", "is larger than every picture (at most 64 px): take 64 or less."),
    ],
)
def test_what_change_detection_cannot_have_is_refused_before_launch(
    rsbench: Call, launcher: Any, option: str, value: str, words: str
) -> None:
    result = rsbench("compare", "--dataset", "synthetic-changes", "--compressor", "none", option, value)
    assert result.exit_code == 2 and words in " ".join(result.output.split()), result.output
    assert launcher.ran == []
