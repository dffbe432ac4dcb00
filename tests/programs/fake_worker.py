"""A worker that trains nothing: it behaves as a file beside it says. Imports no torch, so that tests stay fast."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from rsbench.cell import KEY_VERSION, CellSpec
from rsbench.launch.member import Member
from rsbench.measure.heartbeat import beat
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
    name, ratio = job["compressor"].partition(":")[0], job["cell"].get("ratio") or 1.0
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
            **{"payload_bytes_per_step": 400.0, "compression_ratio": ratio, "steady_ratio": ratio, "wire_ratio": 1.0},
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


def behaviour_asked_for() -> str:
    return Path(__file__).with_name("behaviour").read_text()


if __name__ == "rsbench_fake_worker" and "RANK" in os.environ and behaviour_asked_for() == "slow start":
    Path(__file__).with_name(f"pids-{os.environ['RANK']}").write_text(f"{os.getpid()}")
    while behaviour_asked_for() == "slow start":
        time.sleep(0.1)


def work(folder: Path, member: Member) -> None:
    """Behave for ``topk`` as the file says, else write a record."""
    rank = member.rank
    print(f"rank {rank} says hello", flush=True)
    job = json.loads(CellFolder(folder).job.read_text())
    behaviour = behaviour_asked_for() if job["compressor"].startswith("topk") else "succeed"
    if behaviour in ("raise", "killed"):
        if rank == 1 and behaviour == "raise":
            raise ValueError("the tensor is full of eels")
        if rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.3)  # as gloo does when its peer is gone
        raise RuntimeError("Connection closed by peer")
    if behaviour == "deaf":  # as a thread in a stuck collective is; nobody is left to kill a helper
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (folder / f"pids-{rank}").write_text(f"{os.getpid()}")
        time.sleep(300)
    if behaviour == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as a thread in a stuck collective does
        helper = subprocess.Popen(["sleep", "300"], start_new_session=True)
        (folder / f"pids-{rank}").write_text(f"{os.getpid()} {helper.pid}")
        time.sleep(300)
    if behaviour == "behind" and rank == 1:  # rank 0 goes on to where it waits
        (folder / f"pids-{rank}").write_text(f"{os.getpid()}")
        time.sleep(300)
    beat("wait for the others")
    if behaviour in ("behind", "stopped"):
        (folder / f"pids-{rank}").write_text(f"{os.getpid()}")
        time.sleep(300)
    (folder / f"worker-{rank}").write_text(str(os.getpid()))
    if rank == 0:
        CellFolder(folder).samples.write_text('{"kind":"phase","phase":"done"}\n')
        records.write_record(folder, done_record(job, CellSpec.from_dict(job["cell"]).key))
