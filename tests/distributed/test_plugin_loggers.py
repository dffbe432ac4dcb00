"""Loggers from outside in a real cell: one keeps numbers, one raises, and the cell is done all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOGGERS = '''
"""From outside."""
import os

from rsbench.loggers.base import Logger


class Kept(Logger):
    def begin(self, run):
        run.folder.mkdir(parents=True)
        self.file = run.folder / "kept.txt"
        self.lines = [f"{os.environ['RANK']} {run.label}"]

    def log(self, step, scalars):
        self.lines.append(f"{step} {sorted(scalars)[0]}")

    def end(self, result):
        self.file.write_text("\\n".join([*self.lines, f"ratio {result['traffic/compression_ratio']:.0f}"]))


class Breaks(Kept):
    def log(self, step, scalars):
        raise RuntimeError("the server is gone")
'''
ENTRY_POINTS = "[rsbench.loggers]\nkept = outside_loggers:Kept\nbreaks = outside_loggers:Breaks\n"


@pytest.mark.long
def test_a_logger_that_raises_costs_no_cell(tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "outside-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "outside_loggers.py").write_text(LOGGERS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    paths = os.pathsep.join([str(site), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(site / "cache")}
    command = [
        *(sys.executable, "-m", "rsbench", "compare", "--compressor", "none", "--workers", "2", "--device", "cpu"),
        *("--max-steps", "6", "--logger", "breaks,kept", "--out", str(tmp_path / "out")),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = (tmp_path / "out" / "cells").glob("*/record.json")
    assert json.loads(path.read_text())["status"] == "done"
    lines = [json.loads(line) for line in path.with_name("samples.jsonl").read_text().splitlines()]
    (warning,) = [line["text"] for line in lines if line["kind"] == "warning"]
    assert warning.startswith('the logger "breaks" failed when it took numbers (RuntimeError: the server is gone);')
    assert sum(line["kind"] == "step" for line in lines) == 6
    kept = (path.parent / "loggers" / "kept" / "kept.txt").read_text().splitlines()
    assert kept[0].startswith("0 synthetic smallvgg none") and kept[-1] == "ratio 1"
    assert len(kept) == 1 + 6 + 1 + 1
