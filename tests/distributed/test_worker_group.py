"""Workers that stay for many cells give the same numbers, bit for bit, as processes that were just started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(280)
CELLS = ("randomk", "dgc", "qsgd:levels=7")


def compare(out: Path, *more: str) -> None:
    command = [sys.executable, "-m", "rsbench", "compare", "--out", str(out), "--model", "smallvgg", "--workers", "2"]
    command += ["--device", "cpu", "--max-steps", "4", "--image-size", "16", "--batch-size", "8", "--lr", "0.02"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *more], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def numbers(out: Path) -> dict[str, Any]:
    """Per compressor all losses and bytes, and all that was recorded but time, memory and what the kernel counted."""
    found = {}
    for path in out.glob("cells/*/record.json"):
        lines = [json.loads(line) for line in path.with_name("samples.jsonl").read_text().splitlines()]
        steps = [(line["loss"], line["payload_bytes"]) for line in lines if line["kind"] == "step"]
        record = json.loads(path.read_text())
        kept = {name: record[name] for name in ("accuracy", "traffic", "compressor", "dataset", "model")}
        counted = ("wire_bytes_measured_total", "wire_bytes_received_total")
        kept["traffic"] = {name: value for name, value in record["traffic"].items() if name not in counted}
        found[record["compressor"]["name"]] = {"steps": steps, **kept}
    return found


def test_a_cell_after_others_equals_one_in_fresh_processes(tmp_path: Path) -> None:
    chosen = [word for name in CELLS for word in ("--compressor", name)]
    compare(tmp_path / "stay", *chosen)
    compare(tmp_path / "fresh", *chosen, "--fresh-workers")
    stay, fresh = (numbers(tmp_path / name) for name in ("stay", "fresh"))
    assert set(stay) == {text.partition(":")[0] for text in CELLS} and all(
        len(cell["steps"]) == 4 for cell in stay.values()
    )
    assert stay == fresh
