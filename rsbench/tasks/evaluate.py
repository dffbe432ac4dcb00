"""Accuracy on validation and test samples, each counted exactly once, by all ranks together."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from sklearn import metrics
from torch import nn

from rsbench.loaders.batches import Reader
from rsbench.measure.clock import clock_for
from rsbench.measure.heartbeat import beat
from rsbench.measure.older_torch import all_gather_single
from rsbench.measure.pace import Pace


def predict(
    model: nn.Module, reader: Reader, positions: NDArray[np.int64], *, batch_size: int, bf16: bool
) -> dict[str, Any]:
    """Predict every sample of ``positions`` once; rank r takes every W-th.

    Args:
        model: the bare network, equal on all ranks.
        reader: reads the samples.
        positions: of the samples, shape [n].
        batch_size: samples at a time; the last batch may be smaller.
        bf16: run under bfloat16 autocast.

    Returns:
        ``truth`` and ``predicted`` (int64 [n], in the order of ``positions``) and ``loss`` (mean cross-entropy).
    """
    workers, rank = dist.get_world_size(), dist.get_rank()
    mine = positions[rank::workers]
    longest = math.ceil(len(positions) / workers)
    device = next(model.parameters()).device
    answers = torch.full((longest, 2), -1, dtype=torch.int64, device=device)
    loss = torch.zeros(1, dtype=torch.float64, device=device)
    pace = Pace(clock_for(device))
    model.eval()
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        for start in range(0, len(mine), batch_size):
            beat("predict a batch")
            *inputs, y = reader.read(mine[start : start + batch_size], None)
            logits = model(*inputs).float()
            loss += nn.functional.cross_entropy(logits, y, reduction="sum")
            answers[start : start + len(y)] = torch.stack([y, logits.argmax(1)], dim=1)
            pace.keep()
    model.train()
    dist.all_reduce(loss)
    gathered = torch.empty((workers * longest, 2), dtype=torch.int64, device=device)
    all_gather_single(gathered, answers)
    in_order = gathered.view(workers, longest, 2).transpose(0, 1).reshape(-1, 2)[: len(positions)].cpu().numpy()
    return {"truth": in_order[:, 0], "predicted": in_order[:, 1], "loss": float(loss) / max(1, len(positions))}


def scores(answers: dict[str, Any], classes: int) -> dict[str, Any]:
    """Return OA, AA, kappa, per-class accuracy and confusion matrix (rows: truth), by scikit-learn.

    Args:
        answers: what :func:`predict` returned.
        classes: number of classes; one that no sample has gets a per-class accuracy of None and does not enter AA.
    """
    truth, predicted = answers["truth"], answers["predicted"]
    confusion = metrics.confusion_matrix(truth, predicted, labels=np.arange(classes))
    totals = confusion.sum(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes without an image, kappa of a single class
        average = metrics.balanced_accuracy_score(truth, predicted)
        kappa = metrics.cohen_kappa_score(truth, predicted)
    return {
        "loss": answers["loss"],
        "oa": float(metrics.accuracy_score(truth, predicted)),
        "aa": float(average),
        "kappa": float(kappa) if math.isfinite(kappa) else 0.0,
        "per_class": [float(confusion[c, c] / totals[c]) if totals[c] else None for c in range(classes)],
        "confusion": confusion.tolist(),
        "samples": len(truth),
    }
