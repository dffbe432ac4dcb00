"""One rank of the law of checkpoints: training that goes on from one ends as training that was never interrupted.

Started by test_resumed.py as ``python resumed.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from PIL import Image
from rank import answer

from rsbench import datasets
from rsbench.cell import CellSpec
from rsbench.checkpoints.shelf import Shelf
from rsbench.compressors import COMPRESSORS, parse
from rsbench.measure.log import RunLog
from rsbench.tasks import TASKS
from rsbench.train.loop import Training
from rsbench.train.saving import Order

STEPS, SAVED_AT = 7, 5
SPARSE = "density=0.05"


def cases(workers: int) -> dict[str, dict[str, Any]]:
    """Case -> fields of its cell."""
    some: dict[str, dict[str, Any]] = {
        "topk, AdamW": {"compressor": f"topk:{SPARSE}", "optimizer": "adamw", "lr": 0.001},
        "topk, accumulate": {"compressor": f"topk:{SPARSE}", "sync": "accumulate:2"},
        "none, rounds": {"compressor": "none", "sync": "rounds:3:nesterov"},
        "rsdgc, rounds": {"compressor": f"rsdgc:{SPARSE}", "sync": "rounds:3:prox"},
    }
    some["topk, changes"] = {
        "compressor": f"topk:{SPARSE}",
        "dataset": "synthetic-changes",
        "model": "fc-siam-diff:width=1",  # drops channels, so the draws have to go on as well
        "split": "official",
        "lr": 0.005,
    }
    if workers != 2:  # sums of three ranks depend on the order of DDP's buckets
        return {**some, "none": {"compressor": "none"}, "powersgd": {"compressor": "powersgd"}}
    every = [name for name, kind in COMPRESSORS.items() if kind.trains]
    sparse = [name for name in every if any(option.name == "density" for option in COMPRESSORS[name].options())]
    texts = {name: f"{name}:{SPARSE}" if name in sparse else name for name in every}
    for exchange in ("shared", "oktopk", "hierarchical,per_node=2"):
        texts[f"topk {exchange}"] = f"topk:{SPARSE},exchange={exchange}"
    texts |= {"gcc residual": "gcc:residual=true", "dgc, extra": "dgc:density=0.04,extra=0.5"}
    return {**some, **{name: {"compressor": text} for name, text in texts.items()}}


def scenes(folder: Path, count: int = 90) -> Path:
    """Prepare a few pictures; each rank its own, which are the same."""
    rng = np.random.default_rng(0)
    for name in ("lake", "road"):
        (folder / "scenes" / name).mkdir(parents=True)
        for number in range(count):
            picture = Image.fromarray(rng.integers(0, 255, (32, 32, 3), dtype=np.uint8))
            picture.save(folder / "scenes" / name / f"{number}.png")
    return datasets.get("imagefolder").prepare(folder / "scenes", folder, 32).folder


def train(cell: CellSpec, data: Path, folder: Path, samples: Path) -> dict[str, Any]:
    """Train a cell, from its checkpoint if there is one."""
    log, order = RunLog(samples if dist.get_rank() == 0 else None), Order(folder=folder, every=SAVED_AT)
    training = Training(
        cell,
        parse(cell.compressor),
        TASKS[datasets.get(cell.dataset).task],
        data,
        torch.device("cpu"),
        log,
        order=order,
    )
    sections = training.run(samples.parent)
    log.close()
    weights = torch.cat([t.flatten().double() for t in training.networks[""].state_dict().values()])
    lines = [json.loads(line) for line in samples.read_text().splitlines()] if dist.get_rank() == 0 else []
    return {
        "weights": hashlib.sha256(weights.numpy().tobytes()).hexdigest(),
        "losses": [line["loss"] for line in lines if line["kind"] == "step"],
        "steps": [line["step"] for line in lines if line["kind"] == "step"],
        "payload_bytes": sections["traffic"]["payload_bytes_total"],
        "accuracy": sections["accuracy"]["test"],
        "train_loss": [entry["train_loss"] for entry in sections["history"]],
        "timed_steps": sections["traffic"]["steps"],
        "score_bytes": sections["traffic"].get("score_bytes"),
        "selection": sections.get("selection"),
        "resumed": sections["runtime"]["resumed_from_step"],
    }


def find(rank: int, workers: int) -> dict[str, Any]:
    """Train each case twice, the second time from the checkpoint of the first."""
    place = Path(sys.argv[4]).with_name(f"of-rank{rank}")
    place.mkdir()
    found, data = {}, {"imagefolder": scenes(place)}
    data["synthetic-changes"] = datasets.get("synthetic-changes").prepare(place, place, 32).folder
    shared = Path(sys.argv[4]).parent / "checkpoints"
    for number, (case, changes) in enumerate(cases(workers).items()):
        numbers = {"ratio": None, "lr": 0.02, "seed": 0, "workers": workers, "device": "cpu", "epochs": 2}
        asked = {"dataset": "imagefolder", "dataset_fingerprint": "f", "model": "smallvgg", "batch_size": 4}
        other = {"image_size": 32, "split": "50/25/25", "max_steps": STEPS, "bucket_cap_mb": 1.0}
        cell = CellSpec.from_dict({**asked, **numbers, **other, **changes})
        folder = shared / str(number)
        whole = train(cell, data[cell.dataset], folder, place / "samples.jsonl")
        shelf = Shelf(folder)
        saved = min(shelf.steps(rank))  # the last one is the newest
        for step in shelf.steps(rank):
            if step > saved:
                shelf.tensors(step, rank).with_suffix(".json").unlink()
        dist.barrier()
        found[case] = {
            "whole": whole,
            "resumed": train(cell, data[cell.dataset], folder, place / "samples.jsonl"),
            "saved": saved,
        }
    return found


if __name__ == "__main__":
    answer(find)
