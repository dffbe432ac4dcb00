"""Anomaly detection for real: BSDM on two gloo workers, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(280)

DETECTORS = {"RX", "local RX", "PCA residual"}


def compare(out: Path, cache: Path, *more: str) -> subprocess.CompletedProcess[str]:
    base = ["compare", "--dataset", "synthetic-had", "--data-root", str(out), "--out", str(out), "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(cache)}
    argv = [sys.executable, "-m", "rsbench", *base, "--lr", "0.003", "--max-steps", "24", *more]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def records(out: Path) -> dict[str, dict[str, Any]]:
    found = (json.loads(path.read_text()) | {"folder": path.parent} for path in out.glob("cells/*/record.json"))
    return {record["compressor"]["name"]: record for record in found}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> dict[str, dict[str, Any]]:
    out = tmp_path_factory.mktemp("two")
    done = compare(out, cache, "--compressor", "none,topk", "--ratio", "20", "--workers", "2", "--batch-size", "64")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Detectors before and after background suppression" in done.stdout and "RX (no training)" in done.stdout
    return records(out)


def test_every_cell_says_what_was_scored_and_how_well_it_learnt(two_workers: dict[str, dict[str, Any]]) -> None:
    assert two_workers.keys() == {"none", "topk"}
    for record in two_workers.values():
        accuracy, dataset = record["accuracy"], record["dataset"]
        test = accuracy["test"]
        assert record["status"] == "done" and test["samples"] == dataset["test"] == 64 * 64
        assert test["detectors"].keys() == accuracy["baselines"].keys() == DETECTORS
        assert test["auc_pd_pf"] == test["detectors"]["RX"]["auc_pd_pf"] > 0.5
        assert test["loss_share"] == pytest.approx(test["loss"] / dataset["suppression"]["noise_variance"])
        assert accuracy["val_score"] is None and accuracy["val"][-1].keys() == {"epoch", "loss"}
        assert dataset["pixels_per_step"] == 128 and dataset["suppression"]["k"] == 10
        [picture] = accuracy["pictures"]
        assert (record["folder"] / picture["file"]).stat().st_size > 1000
    dense, sparse = two_workers["none"]["traffic"], two_workers["topk"]["traffic"]
    assert dense["payload_bytes_per_step"] == two_workers["none"]["model"]["dense_bytes"] == 4 * 908_512
    assert sparse["compression_ratio"] == pytest.approx(20, rel=0.02)
