"""Target detection for real: three networks, two gloo workers per cell, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.timeout(280)

BANDS, METRICS = 64, ("auc_pd_pf", "auc_pd_tau", "auc_pf_tau")


def compare(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    base = ["compare", "--dataset", "synthetic-htd", "--data-root", str(out), "--out", str(out), "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    argv = [sys.executable, "-m", "rsbench", *base, *more]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    out = tmp_path_factory.mktemp("out")
    rows = [x for name in ("none", "gcc", "dgc:density=0.05") for x in ("--compressor", name)]
    done = compare(out, *rows, "--epochs", "2", "--max-steps", "40", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AUC(Pd,Pf)" in done.stdout and "CEM (no training)" in done.stdout
    found = {}
    for path in out.glob("cells/*/record.json"):
        record = json.loads(path.read_text())
        found[record["compressor"]["name"]] = record | {"folder": path.parent}
    return found


def test_every_cell_is_done_and_scored(finished: dict[str, dict[str, Any]]) -> None:
    assert {name: r["status"] for name, r in finished.items()} == dict.fromkeys(("none", "gcc", "dgc"), "done")
    for record in finished.values():
        test = record["accuracy"]["test"]
        assert test["samples"] == record["dataset"]["test"] == 96 * 96
        assert 0.7 < test["auc_pd_pf"] <= 1, "40 steps are enough to be better than chance by far"
        assert test["roc"][0] == [0, 0] and test["roc"][-1] == [1, 1]
        assert np.isfinite(record["accuracy"]["val_score"])
        assert record["accuracy"]["val"][0].keys() == {"epoch", "loss", *METRICS}
        assert record["accuracy"]["baselines"].keys() == {"CEM", "ACE", "RX"}
        assert record["dataset"]["synthetic"] and record["dataset"]["classes"] == ["background", "target"]


def test_bytes_of_three_networks_add_up(finished: dict[str, dict[str, Any]]) -> None:
    encoder, decoder, discriminator = BANDS * 128 + 128 * 128 + 128 * 16, 16 * 128 + 128 * 128 + 128 * BANDS, 17 * 128
    weights, biases = 2 * encoder + decoder + discriminator, 2 * 272 + 256 + BANDS + 129
    dense = finished["none"]["traffic"]
    assert dense["payload_bytes_per_step"] == finished["none"]["model"]["dense_bytes"] == 4 * (weights + biases)
    steps = dense["steps"]
    expected = 4 * (weights / 2 + weights / 32 + biases)
    gcc = finished["gcc"]["traffic"]["payload_bytes_total"]
    assert gcc == pytest.approx((steps - 1) * expected + 4 * (weights + biases + weights / 32), rel=1e-3)
    assert gcc <= 0.56 * dense["payload_bytes_total"], "40 steps, one of them dense"
    assert set(finished["gcc"]["traffic"]["density_per_tensor"]) >= {
        "autoencoder.decoder.4.weight",
        "discriminator.2.weight",
        "encoder.0.weight",
    }


def test_adam_says_that_dgc_has_no_momentum(finished: dict[str, dict[str, Any]]) -> None:
    assert finished["dgc"]["compressor"]["note"] == "Adam: momentum=0, error feedback only"
    assert finished["dgc"]["cell"]["optimizer"] == "adam" and finished["dgc"]["cell"]["momentum"] == 0


def test_all_start_alike(finished: dict[str, dict[str, Any]]) -> None:
    first = {}
    for name, record in finished.items():
        lines = [json.loads(line) for line in (record["folder"] / "samples.jsonl").read_text().splitlines()]
        first[name] = next(line["loss"] for line in lines if line["kind"] == "step")
    assert first["none"] == first["gcc"], "whose first step is dense"
    assert first["dgc"] == pytest.approx(first["none"], abs=0.01), "its third loss comes after two of its steps"


def test_the_picture_shows_scores_beside_truth_and_classical_detectors(finished: dict[str, dict[str, Any]]) -> None:
    (picture,) = finished["gcc"]["accuracy"]["pictures"]
    with Image.open(finished["gcc"]["folder"] / picture["file"]) as page:
        assert page.width == 12 + 5 * (3 * 96 + 12)


def test_one_worker_scores_as_two_do(finished: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """Without training (a rate of almost nothing) the scores depend on weights and scene alone."""
    found = []
    for workers in ("1", "2"):
        out = tmp_path / workers
        out.mkdir()
        done = compare(out, "--compressor", "none", "--lr", "1e-12", "--max-steps", "1", "--workers", workers)
        assert done.returncode == 0, done.stdout + done.stderr
        (path,) = out.glob("cells/*/record.json")
        found.append(json.loads(path.read_text())["accuracy"])
    for part in ("test", "val_score", "val"):
        one, two = (accuracy[part] for accuracy in found)
        if part == "test":
            one, two = ({k: v for k, v in side.items() if k != "roc"} for side in (one, two))
        assert one == pytest.approx(two, abs=1e-4) if part != "val" else len(one) == len(two) == 1


def test_percentages_are_refused_before_launch(tmp_path: Path) -> None:
    done = compare(tmp_path, "--split", "50/50")
    assert done.returncode == 2 and "--split 50/50 does not go with target detection" in done.stdout + done.stderr


def test_three_networks_in_rounds_send_each_tensor_once_and_accumulated_each_for_each_network(tmp_path: Path) -> None:
    ways = ("--sync", "accumulate:4", "--sync", "rounds:8")
    done = compare(tmp_path, "--compressor", "none", *ways, "--max-steps", "16", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(path.read_text()) for path in tmp_path.glob("cells/*/record.json")]
    found = {record["cell"]["sync"]: record for record in records}
    for sync, exchanges in (("accumulate:4", 4), ("rounds:8", 2)):
        model, traffic = found[sync]["model"], found[sync]["traffic"]
        sent = model["dense_bytes"] if sync == "accumulate:4" else 4 * model["parameters"]
        assert traffic["payload_bytes_total"] == exchanges * sent
        assert (traffic["steps"], traffic["exchanges"]) == (16, exchanges)
        assert traffic["dense_bytes_total"] == 16 * model["dense_bytes"]
        assert 0.6 < found[sync]["accuracy"]["test"]["auc_pd_pf"] <= 1
        assert traffic["wire_bytes_measured_total"] == pytest.approx(traffic["wire_bytes_total"], rel=0.05)
