"""A result folder as a user's machine leaves it: records, jobs, samples, logs, and names everywhere. All made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exchange_records import with_exchange

from rsbench.results.records import write_record

Maker = Callable[..., dict[str, Any]]
HOME = "/home/jané doe-smith"
OUT = f"{HOME}/secret project/results"
DATA = "/mnt/lab-store/prepared"
HOST = "lab-node-7"
NAMES = ("jané doe-smith", "doe-smith", "secret project", "lab-store", HOST, "private-client", "10.20.30.40", "/home/")
LOG = f"""[W101 socket.cpp:200] The server socket on [{HOST}.example.org]:29500 (10.20.30.40)
Traceback (most recent call last):
  File "{HOME}/.venv/lib/python3.11/site-packages/torch/nn/linear.py", line 12, in forward
  File "/srv/private-client/nets/vgg.py", line 3, in make
FileNotFoundError: {OUT}/cells/a/job.json and {json.dumps(OUT)} and {DATA!a}
"""


def write_cell(out: Path, record: dict[str, Any]) -> Path:
    """Write a cell's folder with all files that a bundle takes, and some that it leaves; return the folder."""
    folder = out / "cells" / f"cell-{record['cell']['compressor']}-s{record['cell']['seed']}-{record['key']}"
    argv = ["rsbench", "compare", "--out", OUT, f"--data-root={HOME}/data", "--weights", "/srv/private-client/w.pt"]
    record["provenance"] |= {"argv": argv, "host": HOST, "rdzv": f"{HOST}:29500"}
    write_record(folder, record)
    job = {
        "cell": record["cell"],
        "data": f"{DATA}/synthetic-64",
        "argv": argv,
        "checkpoints": {"folder": f"{OUT}/cells/{folder.name}/checkpoints"},
    }
    (folder / "job.json").write_text(json.dumps(job))
    lines = [
        {"kind": "phase", "phase": "train"},
        *({"kind": "step", "step": step, "loss": 1 / (step + 1), "lr": 0.05, "warmup": step < 2} for step in range(5)),
        {"kind": "warning", "text": f"{HOST}: {DATA}/x.png is grey"},
    ]
    (folder / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind": "st')
    (folder / "rank0.log").write_text(LOG)
    (folder / "error-rank0.json").write_text(json.dumps({"error": f"no {OUT}/x", "where": [f"on {HOST}"]}))
    (folder / "weights.pt").write_bytes(b"weights")
    (folder / "trace.json").write_text(HOST)
    (folder / "tensorboard").mkdir(exist_ok=True)
    return folder


def measured(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with what a step exchanges when, by which links are predicted."""
    record = with_exchange(record)
    for bucket in record["exchange"]["phases"][0]["buckets"]:
        bucket |= {"compress_cpu_s": None, "decompress_cpu_s": None}
    return record


def write_results(out: Path, make_record: Maker) -> Path:
    """Write a result folder of two methods and two seeds, and return it."""
    for seed in (0, 1):
        write_cell(out, make_record(seed=seed, oa=0.8 + seed / 100, history=True))
        write_cell(out, make_record(seed=seed, oa=0.79, compressor="topk", ratio=100.0, history=True))
    return out
