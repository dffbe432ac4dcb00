"""A worker that trains nothing: it behaves as a file beside it says. Imports no torch, so that tests stay fast."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rsbench.cell import KEY_VERSION, CellSpec
from rsbench.measure.step_times import FIELDS
from rsbench.results import records
from rsbench.results.folder import CellFolder
from rsbench.results.schema import SCHEMA


def done_record(job: dict[str, Any], key: str) -> dict[str, Any]:
    """A record of a cell that needed no training."""
    times = dict.fromkeys([*FIELDS, "images_per_s", "train_s"], 0.01)
    traffic = dict.fromkeys(
        ["payload_bytes_total", "dense_bytes_total", "wire_bytes_total", "dense_wire_bytes_total"], 400.0
    )
    scores = {"loss": 1.0, "oa": 0.9, "aa": 0.9, "kappa": 0.89}
    name = job["compressor"].partition(":")[0]
    return {
        "schema": SCHEMA,
        "key": key,
        "key_version": KEY_VERSION,
        "status": "done",
        "reason": "",
        "started_utc": "2026-01-01T00:00:00Z",
        "wall_s": 1.0,
        "cell": job["cell"],
        "compressor": {"name": name, "text": job["compressor"], "trains": name != "noop", "matched": False},
        "dataset": {
            **{"name": "synthetic", "title": "Synthetic", "classes": ["a", "b"], "train": 8, "val": 2, "test": 2},
            **{"split": "80/10/10", "task": "scenes", "fingerprint": "f", "part": None, "synthetic": True},
        },
        "model": {"name": "smallvgg", "parameters": 100, "one_d_elements": 4, "dense_bytes": 400},
        "traffic": {
            **traffic,
            **{"payload_bytes_per_step": 400.0, "compression_ratio": 1.0, "steady_ratio": 1.0, "wire_ratio": 1.0},
            **{"density": 1.0, "density_per_tensor": {}, "one_d_share": 0.04, "buffer_bytes": 0, "steps": 1},
        },
        "time": {**times, "steps_counted": 1, "steps_skipped": 0},
        "accuracy": {
            "val": [{"epoch": 0, **scores}],
            "val_score": 0.9,
            "pictures": [],
            "baselines": {},
            "test": {**scores, "per_class": [0.9, 0.9], "confusion": [[1, 0], [0, 1]], "samples": 2},
        },
        "memory": {"peak_rss_bytes": 1, "peak_cuda_bytes": None},
        "provenance": job["provenance"],
    }


def error(folder: Path, rank: int, kind: str, message: str) -> None:
    content = {
        "rank": rank,
        "type": kind,
        "message": message,
        "traceback": f"Traceback:\n  the line that failed\n{kind}: {message}",
        "user_error": False,
        "time": time.time(),
    }
    CellFolder(folder).error(rank).write_text(json.dumps(content))


def main() -> None:
    folder, rank = Path(sys.argv[1]), int(os.environ["RANK"])
    print(f"rank {rank} says hello", file=CellFolder(folder).log(rank).open("w"), flush=True)
    job = json.loads(CellFolder(folder).job.read_text())
    behaviour = Path(__file__).with_name("behaviour").read_text() if job["compressor"].startswith("topk") else "succeed"
    if behaviour == "raise":
        if rank == 1:
            error(folder, 1, "ValueError", "the tensor is full of eels")
            sys.exit(1)
        time.sleep(0.3)  # as gloo does when its peer is gone
        error(folder, 0, "RuntimeError", "Connection closed by peer")
        sys.exit(1)
    if behaviour == "killed":
        if rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.5)  # as gloo does
        error(folder, 0, "RuntimeError", "Connection closed by peer")
        sys.exit(1)
    if behaviour == "deaf":  # as a thread in a stuck collective is; nobody is left to kill a helper
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (folder / f"pids-{rank}").write_text(f"{os.getpid()}")
        time.sleep(300)
    if behaviour == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as a thread in a stuck collective does
        helper = subprocess.Popen(["sleep", "300"], start_new_session=True)
        (folder / f"pids-{rank}").write_text(f"{os.getpid()} {helper.pid}")
        time.sleep(300)
    if rank == 0:
        CellFolder(folder).samples.write_text('{"kind":"phase","phase":"done"}\n')
        records.write_record(folder, done_record(job, CellSpec.from_dict(job["cell"]).key))


if __name__ == "__main__":
    main()
