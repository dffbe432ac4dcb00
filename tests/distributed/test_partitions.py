"""Workers with training samples of their own, for real: two gloo workers, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mat_scenes
import pytest

pytestmark = pytest.mark.timeout(280)

CELL = ("--workers", "2", "--device", "cpu", "--max-steps", "2", "--compressor", "none")


def compare(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    argv = [sys.executable, "-m", "rsbench", "compare", "--data-root", str(out), "--out", str(out), *CELL, *more]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def test_a_plan_trains_on_one_modality_each_and_on_some_classes_each_and_sets_them_side_by_side(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, mat_scenes.made(48, 80, 20, field=8), mat_scenes.save73, "multimodal-mat")
    plan = tmp_path / "both.toml"
    plan.write_text(
        'dataset = ["multimodal-mat"]\nimage_size = 5\nbatch_size = 16\n'
        '[[grid]]\npartition = "classes:2"\nsync = ["rounds:2"]\n[[grid]]\npartition = "modality"\n'
    )
    done = compare(tmp_path, "--plan", str(plan))
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(path.read_text()) for path in tmp_path.glob("cells/*/record.json")]
    records = {record["cell"]["partition"]: record for record in found}
    assert records.keys() == {"classes:2", "modality"}
    for text, record in records.items():
        partition = record["dataset"]["partition"]
        assert partition["text"] == text and len(partition["clients"]) == 2
        assert sum(map(sum, partition["clients"])) == record["dataset"]["train"]
    assert records["classes:2"]["traffic"]["exchanges"] == 1 and records["modality"]["traffic"]["exchanges"] == 2
    skewed = records["classes:2"]["dataset"]["partition"]["clients"]
    assert [sum(count > 0 for count in counts) for counts in skewed] == [2, 2], "of three classes"
    assert records["modality"]["dataset"]["partition"]["modalities"] == ["HSI", "other modality"]
    page = (tmp_path / "report.html").read_text()
    for words in ("Samples of each class by client", "Across partitions", "2 classes a client"):
        assert words in page, words
