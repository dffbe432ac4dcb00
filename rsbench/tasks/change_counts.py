"""Counts of pixels that ranks add up, and what follows from their sum: scores of a change map, and of its uncertainty.

All of it comes from histograms of the part's pixels: how unsure, truly changed or not, predicted or not. A score is
computed once, from the sum over all tiles and ranks; it is never an average over tiles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from rsbench.metrics import SUREST
from rsbench.models.changes.base import UNKNOWN

BINS = 4096
"""Of the histogram, finer towards 0: each halving of the uncertainty from 1 down to 2^-32 has 128."""
_BITS_LEFT_OUT = 16
"""Of a float32's 23 bits of mantissa; 7 remain, which part each halving into 128 bins."""
_FIRST = (127 - 32) << (23 - _BITS_LEFT_OUT)
"""What the remaining bits of 2^-32 say."""
_KINDS = 4
"""Of pixels: truth times two plus prediction."""


class ChangeCounts:
    """Sums over the pixels that this rank has seen; over those of all ranks after :meth:`add_up`.

    All are float64, which is exact for whole numbers up to 2^53. Every rank adds at least one batch, so that all of
    them have the same sums to add up.

    Attributes:
        kinds: pixels by truth and prediction, [4].
        histograms: source of an uncertainty -> pixels by bin and kind, [bins, 4].
        losses: name -> loss times the pixels that it is a mean of.
    """

    def __init__(self) -> None:
        self.kinds: torch.Tensor = torch.zeros(_KINDS, dtype=torch.float64)
        self.histograms: dict[str, torch.Tensor] = {}
        self.losses: dict[str, torch.Tensor] = {}

    def add(
        self,
        probability_BHW: torch.Tensor,
        labels_BHW: torch.Tensor,
        uncertainties: Mapping[str, torch.Tensor],
        losses: Mapping[str, torch.Tensor],
    ) -> None:
        """Count a batch.

        Args:
            probability_BHW: of change; from one half on, change is predicted.
            labels_BHW: 0, 1 or 255, which is left out.
            uncertainties: source -> how unsure each pixel is, 0..1, [B, H, W].
            losses: name -> mean over the batch's marked pixels, a scalar.
        """
        known = labels_BHW != UNKNOWN
        kind_BHW = 2 * (labels_BHW == 1).long() + (probability_BHW >= 0.5).long()
        self.kinds = self.kinds.to(labels_BHW.device) + _counted(kind_BHW, known, _KINDS)
        for source, uncertainty_BHW in uncertainties.items():
            cells = _counted(bin_of(uncertainty_BHW) * _KINDS + kind_BHW, known, BINS * _KINDS)
            self.histograms[source] = self.histograms.get(source, 0) + cells.view(BINS, _KINDS)
        pixels = known.sum()
        for name, loss in losses.items():
            self.losses[name] = self.losses.get(name, 0) + loss.double() * pixels

    def add_up(self) -> None:
        """Add up the counts of all ranks, in one all-reduce."""
        sums = [self.kinds, *self.histograms.values(), *self.losses.values()]
        flat = torch.cat([one.flatten() for one in sums])
        dist.all_reduce(flat)
        pieces = torch.split(flat, [one.numel() for one in sums])
        parts = [piece.view_as(one) for piece, one in zip(pieces, sums, strict=True)]
        self.kinds, *rest = parts
        self.histograms = dict(zip(self.histograms, rest, strict=False))
        self.losses = dict(zip(self.losses, rest[len(self.histograms) :], strict=True))

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Pixels by truth (rows) and prediction (columns), [2, 2]."""
        matrix: NDArray[np.int64] = self.kinds.cpu().numpy().astype(np.int64).reshape(2, 2)
        return matrix

    def mean_losses(self) -> dict[str, float]:
        """Return each loss's mean over the marked pixels; 0 where there are none."""
        pixels = max(1.0, float(self.kinds.sum()))
        return {name: float(loss) / pixels for name, loss in self.losses.items()}

    def uncertainty(self) -> dict[str, dict[str, float | None]]:
        """Return source -> ``auroc`` of the wrong pixels and ``f1_surest``."""
        tables = {source: histogram.cpu().numpy() for source, histogram in self.histograms.items()}
        return {
            source: {"auroc": auroc_of_errors(table), "f1_surest": f1_of_surest(table)}
            for source, table in tables.items()
        }


def _counted(cell_BHW: torch.Tensor, known_BHW: torch.Tensor, cells: int) -> torch.Tensor:
    """Return how many known pixels fall into each cell, [cells]; the others fall into one that is dropped."""
    flat = torch.where(known_BHW, cell_BHW, cells).flatten()
    return torch.bincount(flat, minlength=cells + 1)[:cells].double()


def bin_of(uncertainty: torch.Tensor) -> torch.Tensor:
    """Return the bin of each value of 0..1, int64 of the same shape: the leading bits of the float32 itself.

    Values below 2^-32 share the first bin, values from 1 on the last.
    """
    bits = uncertainty.float().contiguous().view(torch.int32) >> _BITS_LEFT_OUT
    return (bits.long() - _FIRST).clamp(0, BINS - 1)


def entropy_of(probability: torch.Tensor) -> torch.Tensor:
    """Return the entropy of the two classes in bits, 0..1, of the same shape."""
    nats: torch.Tensor = torch.special.entr(probability) + torch.special.entr(1 - probability)
    return nats / math.log(2)


def scores_of(confusion: NDArray[Any]) -> dict[str, float | None]:
    """Return the metrics of change by name; None where one is undefined.

    Precision is undefined where no change is predicted, recall where none is marked, F1 and IoU where there is neither,
    kappa where chance alone would agree always, and all of them without a marked pixel.

    Args:
        confusion: pixels by truth (rows) and prediction (columns), [2, 2].
    """
    (tn, fp), (fn, tp) = confusion.astype(float)
    every = tn + fp + fn + tp
    by_chance = ((tp + fp) * (tp + fn) + (tn + fn) * (tn + fp)) / every**2 if every else 1.0
    return {
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "iou": _ratio(tp, tp + fp + fn),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "oa": _ratio(tn + tp, every),
        "kappa": _ratio((tn + tp) / every - by_chance if every else 0.0, 1 - by_chance),
    }


def all_change(confusion: NDArray[Any]) -> dict[str, float | None]:
    """Return the metrics of a map that calls every pixel changed: with a share p of change, F1 is 2p/(1+p).

    Args:
        confusion: of any map of the same pixels, [2, 2].
    """
    marked = confusion.sum(axis=1)
    return scores_of(np.stack([np.zeros(2), marked], axis=1))


def auroc_of_errors(histogram: NDArray[np.float64]) -> float | None:
    """Return how likely a wrong pixel is less sure than a right one, where equals count half; None without both.

    Pixels of one bin count as equals.

    Args:
        histogram: pixels by bin and kind, [bins, 4].
    """
    wrong, right = histogram[:, 1] + histogram[:, 2], histogram[:, 0] + histogram[:, 3]
    surer = np.cumsum(right) - right
    return _ratio(float((wrong * (surer + right / 2)).sum()), float(wrong.sum() * right.sum()))


def f1_of_surest(histogram: NDArray[np.float64], share: float = SUREST) -> float | None:
    """Return F1 of change of the surest pixels; None where none of them is marked or predicted.

    The bin at the border counts by the part of it that is kept, as a draw from it would on average.

    Args:
        histogram: pixels by bin and kind, [bins, 4].
        share: of the pixels that are kept.
    """
    pixels = histogram.sum(axis=1)
    left = share * pixels.sum() - (np.cumsum(pixels) - pixels)
    part = np.clip(left / np.maximum(pixels, 1), 0, 1)
    return scores_of((histogram * part[:, None]).sum(axis=0).reshape(2, 2))["f1"]


def _ratio(part: float, whole: float) -> float | None:
    """Return a quotient, None for one by 0."""
    return float(part / whole) if whole else None
