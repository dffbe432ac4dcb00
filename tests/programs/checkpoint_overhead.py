"""What a checkpoint costs training: 50 steps that begin with one against 50 without, in turn.

    python tests/programs/checkpoint_overhead.py [PAIRS] [MODEL] [COMPRESSOR]

Two gloo ranks on this machine train MODEL (``smallvgg``) with COMPRESSOR (``dgc``) on the synthetic scenes at 64 px.
The time of the 50 steps with a checkpoint holds the copy of the state, the steps beside which it is written, and the
wait for its end. Prints the median over the pairs of one by the other with a 95 % interval (bootstrap), and what
stands on disk, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring_overhead import _cpu
from rank import leave

PAIRS, STEPS, WARM_UP = 20, 50, 10


def rank_main(rank: int, folder: Path, pairs: int, model: str, compressor: str) -> None:
    """Train all pairs; rank 0 prints."""
    import torch
    import torch.distributed as dist

    from rsbench import datasets
    from rsbench.cell import CellSpec
    from rsbench.compressors import parse
    from rsbench.measure.log import RunLog
    from rsbench.tasks.scenes import SceneClassification
    from rsbench.train.checkpoints import Checkpoints
    from rsbench.train.loop import Training
    from rsbench.train.saving import Order

    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(str(folder / "store"), 2), rank=rank, world_size=2)
    data = datasets.get("synthetic").prepare(folder, folder / "cache" if rank == 0 else folder / f"cache{rank}", 64)
    cell = CellSpec(
        dataset="synthetic", dataset_fingerprint="", model=model, compressor=compressor, ratio=None, lr=0.01, seed=0,
        workers=2, device="cpu", epochs=10_000, batch_size=16, image_size=64, split="official",
    )  # fmt: skip
    log = RunLog(folder / "samples.jsonl" if rank == 0 else None)
    order = Order(folder=folder / "checkpoints")
    training = Training(
        cell, parse(compressor), SceneClassification, data.folder, torch.device("cpu"), log, order=order
    )
    saving = training.checkpoints
    assert isinstance(saving, Checkpoints)
    training._train_until(WARM_UP)
    seconds: dict[str, list[float]] = {"saving": [], "not saving": [], "copying": []}
    for pair in range(pairs):
        for name in ("saving", "not saving") if pair % 2 else ("not saving", "saving"):
            dist.barrier()
            begin = time.perf_counter()
            if name == "saving":
                saving._save()
                seconds["copying"].append(time.perf_counter() - begin)
            training._train_until(training.step + STEPS)
            saving._writer.wait()
            seconds[name].append(time.perf_counter() - begin)
    if rank == 0:
        print(json.dumps(_answer(seconds, training, folder / "checkpoints"), indent=1))
    dist.barrier()
    leave()


def _answer(seconds: dict[str, list[float]], training: Any, folder: Path) -> dict[str, Any]:
    """Return the median of paired ratios with its interval, and sizes."""
    import numpy as np

    ratios = np.array(seconds["saving"]) / np.array(seconds["not saving"])
    draws = np.random.default_rng(0).choice(ratios, (2000, len(ratios)))
    low, high = np.quantile(np.median(draws, axis=1), [0.025, 0.975])
    state = training.exchange.state_dict()
    memory = state["compressors"][""].get("memory", {})
    weights = sum(tensor.nbytes for tensor in state["weights"][""].values())
    return {
        "cpu": _cpu(),
        "pairs": len(ratios),
        "step_ms": 1e3 * float(np.median(seconds["not saving"])) / STEPS,
        "copy_ms": 1e3 * float(np.median(seconds["copying"])),
        "saving / not saving": {"median": float(np.median(ratios)), "low": float(low), "high": float(high)},
        "steps": training.step,
        "weights_bytes": weights,
        "memory_bytes": {kind: sum(t.nbytes for t in tensors.values()) for kind, tensors in memory.items()},
        "file_bytes": max(path.stat().st_size for path in folder.glob("step-*/rank0.pt")),
        "files": len(list(folder.glob("step-*/rank0.pt"))),
    }


def main(pairs: str, model: str, compressor: str) -> int:
    """Start both ranks."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        command = [sys.executable, __file__, "--rank"]
        rest = [folder, pairs, model, compressor]
        ranks = [subprocess.Popen([*command, str(rank), *rest], env=environment) for rank in range(2)]
        return max(rank.wait() for rank in ranks)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rank"]:
        rank_main(int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
    else:
        main(*[*sys.argv[1:], *[str(PAIRS), "smallvgg", "dgc"][len(sys.argv) - 1 :]])
