"""Areas under the three curves of the 3-D ROC: how well scores tell targets from background. Torch-free.

C.-I Chang: an effective evaluation tool for hyperspectral target detection: 3D receiver operating characteristic curve
analysis. IEEE Trans. Geoscience and Remote Sensing 59(6), 2021. With scores scaled to 0..1 and a threshold tau, Pd(tau)
and Pf(tau) are the shares of targets and of background pixels that score tau or more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ROC_POINTS = 200
"""At most so many points of a curve are kept."""


def sides(
    scores_HW: NDArray[Any], truth_HW: NDArray[Any], halo: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Part scores into those of targets and those of background pixels.

    Where marks may be off by some pixels, a target's score is the largest one in the square of ``2 halo + 1`` pixels
    around its mark, and no pixel of such a square counts as background. That favours every detector alike, the more
    so the larger the halo: each target has ``(2 halo + 1)^2`` chances, a background pixel has one.

    Args:
        scores_HW: one score a pixel, larger for targets.
        truth_HW: not 0 where a target is marked.
        halo: in pixels; 0 takes marks as they are.

    Returns:
        Scores of the marks and of the background, each 1-D.
    """
    marked = np.asarray(truth_HW) != 0
    scores, near = np.asarray(scores_HW, dtype=np.float64), marked
    if halo:
        from scipy.ndimage import maximum_filter  # late: start-up

        scores, near = (maximum_filter(a, 2 * halo + 1, mode="nearest") for a in (scores, marked))
    return scores[marked], np.asarray(scores_HW, dtype=np.float64)[~near]


def scores(targets: NDArray[Any], background: NDArray[Any]) -> dict[str, Any]:
    """Return the areas under the curves (Pf, Pd), (tau, Pd) and (tau, Pf), exact for all pixels.

    The area under Pd(tau) over 0..1 is the mean of the targets' scaled scores, that under Pf(tau) the mean of the
    background's.

    Args:
        targets: scores of targets, at least one.
        background: scores of background pixels, at least one.

    Returns:
        ``auc_pd_pf`` (0..1, a half for chance), ``auc_pd_tau`` (larger is better), ``auc_pf_tau`` (smaller is better)
        and ``roc``: at most 200 points [Pf, Pd], the ends among them.
    """
    from sklearn.metrics import auc, roc_curve  # late: start-up

    together = np.concatenate([targets, background]).astype(np.float64)
    low, high = together.min(), together.max()
    scaled = (together - low) / (high - low) if high > low else np.zeros_like(together)
    truth = np.arange(len(together)) < len(targets)
    pf, pd, _ = roc_curve(truth, together)
    kept = np.unique(np.linspace(0, len(pf) - 1, ROC_POINTS).round().astype(int))
    return {
        "auc_pd_pf": float(auc(pf, pd)),
        "auc_pd_tau": float(scaled[truth].mean()),
        "auc_pf_tau": float(scaled[~truth].mean()),
        "roc": [[float(pf[i]), float(pd[i])] for i in kept],
    }
