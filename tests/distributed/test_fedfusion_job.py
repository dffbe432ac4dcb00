"""The model after FedFusion for real: two gloo workers on a made scene, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mat_scenes
import pytest

pytestmark = pytest.mark.timeout(280)


def test_a_rank_trains_and_is_told_apart_from_what_is_sent(tmp_path: Path) -> None:
    mat_scenes.mmrs(tmp_path, mat_scenes.made(48, 80, 20, field=8), mat_scenes.save73, "multimodal-mat")
    out = tmp_path / "out"
    argv = [
        "compare",
        "--dataset",
        "multimodal-mat",
        "--data-root",
        str(tmp_path),
        "--out",
        str(out),
        "--image-size",
        "5",
    ]
    argv += ["--model", "fedfusion:join=both,rank=6", "--compressor", "none", "--epochs", "3", "--batch-size", "16"]
    argv += ["--workers", "2", "--device", "cpu", "--lr", "0.02"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "rsbench", *argv]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("cells/*/record.json")
    record = json.loads(path.read_text())
    assert path.parent.name.startswith("multimodal-mat-fedfusion_rank_6-none-lr0.02-s0-")
    assert record["cell"]["model"] == record["model"]["name"] == "fedfusion:rank=6"
    facts = record["model"]["fedfusion"]
    assert (facts["rank"], facts["positions"], facts["gram_bytes"]) == (6, 9, 2 * 64 * 64 * 4)
    averaged, rest = divmod(record["traffic"]["buffer_bytes"], facts["gram_bytes"])
    assert averaged >= 3 and rest == 0
    assert record["accuracy"]["test"]["oa"] > 0.8, "classes with a spectrum each are easy"
    assert "fedfusion:rank=6 (after FedFusion)" in record["accuracy"]["pictures"][0]["title"]
    report = (out / "report.md").read_text()
    assert "Computed, not sent: after FedFusion, rank 6, join=both, 2 modalities" in report
