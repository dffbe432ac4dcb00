"""Change detection for real: two gloo workers per cell on the synthetic pairs, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = [pytest.mark.timeout(280), pytest.mark.long]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[dict[str, Any], Path]]]:
    """The results folder, and its cells by compressor and sync."""
    out = tmp_path_factory.mktemp("out")
    what = ["--dataset", "synthetic-changes", "--model", "fc-siam-diff:width=2"]
    how = [
        "--compressor",
        "none,topk",
        "--ratio",
        "20",
        "--sync",
        "steps,rounds:3",
        "--max-steps",
        "6",
        "--workers",
        "2",
        "--device",
        "cpu",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(tmp_path_factory.mktemp("cache"))}
    argv = [sys.executable, "-m", "rsbench", "compare", *what, *how, "--out", str(out)]
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = [(json.loads(path.read_text()), path.parent) for path in out.glob("cells/*/record.json")]
    return out, {f"{r['cell']['compressor']} {r['cell'].get('sync') or 'steps'}": (r, folder) for r, folder in found}


def test_all_cells_are_scored_on_the_same_pixels(done: tuple[Path, Any]) -> None:
    _, cells = done
    assert cells.keys() == {"none steps", "topk steps", "none rounds:3", "topk rounds:3"}
    marked = {tuple(map(sum, record["accuracy"]["test"]["confusion"])) for record, _ in cells.values()}
    assert len(marked) == 1
    for record, _ in cells.values():
        test = record["accuracy"]["test"]
        assert record["accuracy"]["baselines"] == {"all change": pytest.approx(all_change_of(test))}
        assert 0 <= test["uncertainty"]["entropy"]["auroc"] <= 1
        assert record["dataset"]["pictures"]["test"] == 9


def all_change_of(test: dict[str, Any]) -> dict[str, float | None]:
    """The baseline that follows from a record's matrix."""
    (tn, fp), (fn, tp) = test["confusion"]
    share = (fn + tp) / (tn + fp + fn + tp)
    f1 = 2 * share / (1 + share)
    return {"f1": f1, "iou": share, "precision": share, "recall": 1.0, "oa": share, "kappa": 0.0}


def test_bytes_are_matched(done: tuple[Path, Any]) -> None:
    _, cells = done
    assert cells["topk steps"][0]["traffic"]["compression_ratio"] == pytest.approx(20, rel=0.02)


def test_epochs_and_pictures_are_kept(done: tuple[Path, Any]) -> None:
    _, cells = done
    record, folder = cells["none steps"]
    (picture,) = record["accuracy"]["pictures"]
    with Image.open(folder / picture["file"]) as page:
        assert page.format == "PNG"
    epochs = [line for line in map(json.loads, (folder / "samples.jsonl").open()) if line["kind"] == "epoch"]
    assert len(epochs) == 1 and epochs[0]["f1"] == record["accuracy"]["val"][0]["f1"]


def test_reports_show_the_uncertainty(done: tuple[Path, Any]) -> None:
    out, _ = done
    text = (out / "report.md").read_text()
    assert "Uncertainty: how well it finds the wrong pixels" in text and "all change (no training)" in text
    assert "test_entropy_auroc" in (out / "cells.csv").read_text()
