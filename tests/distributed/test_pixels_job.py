"""Pixel classification for real: two gloo workers per cell on a made scene, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mat_scenes
import numpy as np
import pytest
from PIL import Image

MODELS = ("fusion-cnn", "hsi-cnn", "fedfusion:rank=6")
pytestmark = pytest.mark.timeout(280)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], Path]]:
    """Records and folders of six cells by model and compressor."""
    root, out = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("out")
    mat_scenes.mmrs(root, mat_scenes.made(48, 80, 20, field=8), mat_scenes.save73, "multimodal-mat")
    base = ["compare", "--dataset", "multimodal-mat", "--data-root", str(root), "--out", str(out), "--image-size", "5"]
    grid = [
        "--model",
        "fusion-cnn",
        "--model",
        "hsi-cnn",
        "--model",
        "fedfusion:join=both,rank=6",
        "--compressor",
        "none",
        "--compressor",
        "rsdgc",
        "--ratio",
        "20",
    ]
    recipe = ["--epochs", "3", "--batch-size", "16", "--workers", "2", "--device", "cpu", "--lr", "0.02"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    argv = [sys.executable, "-m", "rsbench", *base, *grid, *recipe]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [(json.loads(path.read_text()), path.parent) for path in out.glob("cells/*/record.json")]
    return {f"{r['cell']['model']} {r['cell']['compressor']}": (r, folder) for r, folder in found}


def test_all_cells_train_and_are_scored(records: dict[str, tuple[dict[str, Any], Path]]) -> None:
    assert records.keys() == {f"{m} {c}" for m in MODELS for c in ("none", "rsdgc")}
    for record, _ in records.values():
        test, data = record["accuracy"]["test"], record["dataset"]
        assert data["task"] == "pixels" and data["classes"] == ["class 1", "class 2", "class 3"]
        assert np.array(test["confusion"]).sum() == test["samples"] == data["test"]
        assert test["oa"] > 0.8, "classes with a spectrum each are easy"
        assert "official lists" in data["split"] and isinstance(data["warnings"], list)


def test_bytes_are_matched(records: dict[str, tuple[dict[str, Any], Path]]) -> None:
    for model in MODELS:
        assert records[f"{model} rsdgc"][0]["traffic"]["compression_ratio"] == pytest.approx(20, rel=0.02)


def test_every_cell_has_its_map(records: dict[str, tuple[dict[str, Any], Path]]) -> None:
    for record, folder in records.values():
        (picture,) = record["accuracy"]["pictures"]
        assert record["cell"]["model"] in picture["title"]
        with Image.open(folder / picture["file"]) as page:
            assert page.width >= 600


def test_subspaces_are_told_apart_from_what_is_sent(records: dict[str, tuple[dict[str, Any], Path]]) -> None:
    record, folder = records["fedfusion:rank=6 none"]
    assert folder.name.startswith("multimodal-mat-fedfusion_rank_6-none-lr0.02-s0-")
    facts = record["model"]["fedfusion"]
    assert (facts["rank"], facts["positions"], facts["gram_bytes"]) == (6, 9, 2 * 64 * 64 * 4)
    averaged, rest = divmod(record["traffic"]["buffer_bytes"], facts["gram_bytes"])
    assert averaged >= record["cell"]["epochs"] and rest == 0
    assert "fedfusion:rank=6 (after FedFusion)" in record["accuracy"]["pictures"][0]["title"]
    report = (folder.parents[1] / "report.md").read_text()
    assert "Computed, not sent: after FedFusion, rank 6, join=both, 2 modalities" in report
