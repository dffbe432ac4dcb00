"""A law of checkpoints: a cell that was interrupted and goes on ends with the weights of one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from findings import hold
from place import Place
from scenes import write_scenes

STEPS, EVERY, STOP_AT = 60, 10, 15
WAIT_S = 60.0


def goes_on(place: Place, folder: Path) -> str:
    """Run one cell whole, and once more with a Ctrl-C in it; compare their weights bit for bit."""
    write_scenes(folder / "data", per_class=6, side=32)
    whole, stopped = folder / "whole", folder / "stopped"
    hold(_start(place, folder, whole).wait() == 0, "the cell does not run")
    first = _start(place, folder, stopped)
    deadline = time.monotonic() + WAIT_S
    while _steps(stopped) < STOP_AT and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    hold(first.wait() in (0, 130), f"it ended with {first.returncode} after a Ctrl-C")
    hold(_start(place, folder, stopped).wait() == 0, "it does not go on")
    (record,) = (json.loads(path.read_text()) for path in stopped.glob("cells/*/record.json"))
    one, other = (next(out.glob("cells/*/weights.pt")).read_bytes() for out in (whole, stopped))
    hold(one == other, "the weights differ")
    return f"from step {record['provenance']['runtime']['resumed_from_step']}"


def _start(place: Place, folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rsbench", "compare", "--dataset", "ucm21", "--data-root", str(folder / "data")]
    command += ["--out", str(out), "--model", "smallvgg", "--image-size", "32", "--batch-size", "8", "--epochs", "40"]
    command += ["--max-steps", str(STEPS), "--split", "60/10/30", "--lr", "0.01", "--compressor", "dgc:density=0.01"]
    command += ["--gpus", "1"] if place.on_gpu else ["--workers", "1", "--device", "cpu"]
    command += ["--checkpoint-every", str(EVERY), "--keep-weights"]
    environment = {**os.environ, "RSBENCH_CACHE": str(folder / "cache")}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def _steps(out: Path) -> int:
    return sum(path.read_text().count('"kind": "step"') for path in out.glob("cells/*/try-*/samples.jsonl"))
