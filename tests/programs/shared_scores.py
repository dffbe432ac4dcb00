"""Score the same stored probabilities with one, two and three ranks that share the samples.

Three processes form a gloo group; then two of them do, then one. What each rank computes is written to
FOLDER/KIND-WORKERS-RANK.npy: the scores, and behind them the bytes that it handed over.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from stored_epochs import show_epoch, stored

from rsbench.recipe.prune import parse_prune
from rsbench.train.selection.making import make_scorer

TEXTS = ("tdds:0.5,epochs=6", "el2n:0.5,epochs=6", "forgetting:0.5,epochs=6")
SAMPLES, CLASSES = 31, 5


def score(folder: Path, rank: int) -> None:
    """Score as one rank of each group that has it."""
    probabilities, labels = stored(6, SAMPLES, CLASSES)
    positions = 3 * np.arange(SAMPLES) + 7
    for workers in range(3, rank, -1):
        store = dist.FileStore(str(folder / f"store-{workers}"), workers)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=workers)
        for text in TEXTS:
            scorer = make_scorer(parse_prune(text), positions, labels, CLASSES, torch.device("cpu"))
            for number, epoch in enumerate(probabilities):
                show_epoch(scorer, positions, epoch, labels, number=number)
            found = np.append(scorer.scores(), float(scorer.exchanged_bytes))
            np.save(folder / f"{text.partition(':')[0]}-{workers}-{rank}.npy", found)
        dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    fork = multiprocessing.get_context("fork")
    ranks = [fork.Process(target=score, args=(Path(sys.argv[1]), rank)) for rank in range(3)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join()
    sys.exit(max(abs(process.exitcode or 0) for process in ranks))
