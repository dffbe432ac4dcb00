"""One rank of anomaly detection: a dense cell, and a sparse one that goes on from its checkpoint.

Started by test_anomaly_ranks.py as ``python anomalies.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from rank import answer

from rsbench.checkpoints.shelf import Shelf
from rsbench.compressors import parse
from rsbench.measure.log import RunLog
from rsbench.tasks.anomalies import AnomalyDetection
from rsbench.train.loop import Training
from rsbench.train.saving import Order

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import task_data

PIXELS = 48
"""Of a step, all ranks together."""


def trained(small: task_data.Small, place: Path, order: Order | None = None, **changes: Any) -> dict[str, Any]:
    """Train a cell for six steps, from its checkpoint if there is one."""
    workers = dist.get_world_size()
    fields = {"model": "bsdm:k=2", "workers": workers, "batch_size": PIXELS // workers, "ratio": None, "max_steps": 6}
    cell, log = small.cell(**{**fields, **changes}), RunLog(place / "samples.jsonl")
    training = Training(
        cell, parse(cell.compressor), AnomalyDetection, small.folder, torch.device("cpu"), log, order=order
    )
    sections = training.run(place)
    log.close()
    lines = [json.loads(line) for line in (place / "samples.jsonl").read_text().splitlines()]
    weights = torch.cat([tensor.flatten() for tensor in training.networks[""].state_dict().values()])
    return {
        "losses": [line["loss"] for line in lines if line["kind"] == "step"],
        "weights": weights[::97].tolist(),
        "sha256": hashlib.sha256(weights.numpy().tobytes()).hexdigest(),
        "test": sections["accuracy"]["test"],
        "resumed": sections["runtime"]["resumed_from_step"],
    }


def find(rank: int, workers: int) -> dict[str, Any]:
    """Train the cells on data that each rank makes for itself, the same on all."""
    place = Path(sys.argv[4]).with_name(f"of-rank{rank}")
    place.mkdir()
    small = task_data.prepared("anomalies", place)
    found = {"dense": trained(small, place, compressor="none", optimizer="sgd", lr=0.02, warmup_epochs=0)}
    order = Order(folder=Path(sys.argv[4]).parent / "checkpoints", every=3)
    sparse = {"compressor": "topk:density=0.05", "optimizer": "adamw"}
    found["whole"] = trained(small, place, order, **sparse)
    shelf = Shelf(order.folder)
    for step in sorted(shelf.steps(rank))[1:]:
        shelf.tensors(step, rank).with_suffix(".json").unlink()
    dist.barrier()
    return found | {"resumed": trained(small, place, order, **sparse)}


if __name__ == "__main__":
    answer(find)
