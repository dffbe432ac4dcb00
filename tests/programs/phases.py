"""One rank of the law of phases: a cell of two phases that goes on from a checkpoint ends as one that never stopped.

Started by test_phases.py as ``python phases.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from rank import answer
from resumed import scenes, train

from rsbench.cell import CellSpec
from rsbench.checkpoints.shelf import Shelf
from rsbench.train.loop import Training
from rsbench.train.selection import tdds

STOPS = (3, 12, 14)
"""Within the scoring phase of 12 steps, between the phases, within the last."""


class KilledError(Exception):
    """A rank that ends without a word."""


def killed_after(step: int, cell: CellSpec, data: Path, folder: Path, samples: Path) -> None:
    """Train until a step is done, with its checkpoint and those before."""
    end_leg = Training._end_epoch, Training._train_until

    def until(self: Training, stop: int) -> None:
        if self.step >= step:
            self.checkpoints._writer.wait()  # type: ignore[attr-defined]
            raise KilledError
        end_leg[1](self, min(stop, step))

    Training._train_until = until  # type: ignore[method-assign]
    try:
        train(cell, data, folder, samples)
    except KilledError:
        return
    finally:
        Training._train_until = end_leg[1]  # type: ignore[method-assign]
    raise AssertionError("it was not killed")


def find(rank: int, workers: int) -> dict[str, Any]:
    """Train a cell whole, and again from the checkpoint of each stop."""
    place = Path(sys.argv[4]).with_name(f"of-rank{rank}")
    place.mkdir()
    data, shared, samples = scenes(place), Path(sys.argv[4]).parent / "checkpoints", place / "samples.jsonl"
    asked = {"dataset": "imagefolder", "dataset_fingerprint": "f", "model": "smallvgg", "seed": 0, "image_size": 32}
    numbers = {"ratio": None, "lr": 0.02, "workers": workers, "device": "cpu", "epochs": 1, "batch_size": 8}
    other = {"split": "50/25/25", "bucket_cap_mb": 1.0, "compressor": "topk:density=0.05"}
    cell = CellSpec.from_dict({**asked, **numbers, **other, "prune": "tdds:0.6,epochs=3,window=3"})
    found: dict[str, Any] = {"whole": train(cell, data, shared / "whole", samples)}
    for stop in STOPS:
        folder = shared / str(stop)
        killed_after(stop, cell, data, folder, samples)
        saved = Shelf(folder).steps(rank)
        found[str(stop)] = {"saved": saved, "run": train(cell, data, folder, samples)}
    return found


if __name__ == "__main__":
    answer(find)
