"""An own model trained by two processes: its code is imported by workers and the helper, never by the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import own_models
import pytest


@pytest.mark.timeout(240)
def test_two_workers_train_a_model_of_a_file_with_frozen_parts(tmp_path: Path) -> None:
    own_models.write(tmp_path)
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "rsbench", "compare", "--model", "own_nets.py:make:depth=2"),
            *("--model", "own_nets:frozen", "--compressor", "topk", "--ratio", "5", "--workers", "2"),
            *("--device", "cpu", "--max-steps", "4", "--out", "out"),
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "printed while" not in done.stdout
    records = [json.loads(path.read_text()) for path in (tmp_path / "out/cells").glob("*/record.json")]
    frozen, made = sorted(records, key=lambda record: "depth" in record["cell"]["model"])
    assert made["model"]["name"] == made["cell"]["model"] == "own_nets.py:make:depth=2"
    assert made["model"]["own"]["class"] == "own_nets.Net"
    assert made["model"]["own"]["source"] == made["cell"]["model_source"]
    assert list(made["model"]["own"]["files"]) == ["own_nets.py", "own_parts.py"]
    assert made["model"]["parameters"] == 8 * 27 + 3 * 8 + 33 * 18
    assert made["model"]["dense_bytes"] == 4 * made["model"]["parameters"]
    assert made["traffic"]["compression_ratio"] >= 5
    assert frozen["model"]["dense_bytes"] == 4 * 33 * 18
    assert frozen["traffic"]["dense_bytes_total"] == 4 * 4 * 33 * 18
