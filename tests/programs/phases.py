"""One rank of the law of phases: a cell of two phases that goes on from a checkpoint ends as one that never stopped.

Started by test_phases.py as ``python phases.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from rank import answer
from resumed import scenes, train

from rsbench.cell import CellSpec
from rsbench.checkpoints.shelf import Shelf
from rsbench.train.loop import Training

STOPS = {6: 5, 12: 12, 15: 15}
"""Steps after which ranks are killed -> the newest checkpoint: within the 12 steps of scoring, between the phases, and
within the 4 steps of training on what is kept."""


class KilledError(Exception):
    """A rank that ends without a word."""


def killed_after(last: int, cell: CellSpec, data: Path, folder: Path, samples: Path) -> None:
    """Train until a step is done, and leave the checkpoints that there are by then."""
    train_until = Training._train_until

    def until(self: Training, stop: int) -> None:
        if self.step == last:
            self.checkpoints._writer.wait()  # type: ignore[attr-defined]
            raise KilledError
        train_until(self, min(stop, last))

    Training._train_until = until  # type: ignore[method-assign]
    with suppress(KilledError):
        train(cell, data, folder, samples)
    Training._train_until = train_until  # type: ignore[method-assign]


def find(rank: int, workers: int) -> dict[str, Any]:
    """Train a cell whole, and again from the checkpoint of each stop."""
    place = Path(sys.argv[4]).with_name(f"of-rank{rank}")
    place.mkdir()
    data, shared, samples = scenes(place, 80), Path(sys.argv[4]).parent / "checkpoints", place / "samples.jsonl"
    asked = {"dataset": "imagefolder", "dataset_fingerprint": "f", "model": "smallvgg", "seed": 0, "image_size": 32}
    numbers = {"ratio": None, "lr": 0.02, "workers": workers, "device": "cpu", "epochs": 2, "batch_size": 8}
    other = {"split": "50/25/25", "bucket_cap_mb": 1.0, "compressor": "topk:density=0.05"}
    cell = CellSpec.from_dict({**asked, **numbers, **other, "prune": "tdds:0.6,epochs=3,window=3"})
    found: dict[str, Any] = {"whole": train(cell, data, shared / "whole", samples)}
    for stop in STOPS:
        folder = shared / str(stop)
        killed_after(stop, cell, data, folder, samples)
        found[str(stop)] = {"saved": max(Shelf(folder).steps(rank)), "run": train(cell, data, folder, samples)}
    return found


if __name__ == "__main__":
    answer(find)
