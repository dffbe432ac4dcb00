"""A cell with a scoring phase for real: two gloo workers, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.timeout(280), pytest.mark.long]
TEXT = "tdds:0.5,epochs=3,window=3"


def test_its_phases_send_what_was_planned(tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ["--model", "smallvgg", "--compressor", "rsdgc", "--ratio", "50", "--workers", "2", "--device", "cpu"]
    command = [sys.executable, "-m", "rsbench", "compare", *asked, "--image-size", "32", "--max-steps", "20"]
    command += ["--prune", TEXT, "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(tmp_path / "cache")}
    told = subprocess.run(
        [*command, "--dry-run", "--json"], env=environment, capture_output=True, text=True, check=True
    )
    planned = json.loads(told.stdout)["cells"][0]["phases"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scoring " in done.stderr and "step " in done.stderr
    (path,) = out.glob("cells/*/record.json")
    record = json.loads(path.read_text())
    for phase, plan in zip(record["phases"], planned, strict=True):
        assert [phase[name] for name in ("name", "samples", "epochs", "steps", "score_bytes")] == [
            plan[name] for name in ("name", "samples", "epochs", "steps", "score_bytes")
        ]
        assert phase["payload_bytes_total"] == pytest.approx(plan["payload_bytes"], rel=0.01)
    assert record["traffic"]["compression_ratio"] == pytest.approx(50, rel=0.01)
    assert record["selection"]["kept"] == 864 and record["traffic"]["score_bytes"] == 3 * 1728 * (4 + 4 * 18)
