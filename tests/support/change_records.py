"""Records of change detection, made up: scores from a confusion matrix, and what each uncertainty finds."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsbench.tasks.change_counts import all_change, scores_of

CONFUSION = [[800, 50], [50, 100]]
ENTROPY = {"auroc": 0.75, "f1_surest": 0.7}


def of_changes(
    record: dict[str, Any], confusion: list[list[int]] | None = None, **uncertainty: dict[str, float | None]
) -> dict[str, Any]:
    """Return a record of change detection with the bytes and times of another one.

    Args:
        record: a finished one.
        confusion: pixels by truth and prediction.
        uncertainty: source -> scores; the entropy's where nothing is given.
    """
    counts = np.array(confusion or CONFUSION)
    test = {**scores_of(counts), "confusion": counts.tolist(), "loss": 0.3, "samples": 40}
    test["uncertainty"] = uncertainty or {"entropy": ENTROPY}
    data = {"task": "changes", "title": "Pairs", "classes": ["no change", "change"], "test": 40}
    baselines = {"all change": all_change(counts)}
    accuracy = {"val": [], "val_score": test["f1"], "test": test, "pictures": [], "baselines": baselines}
    return {**record, "dataset": {**record["dataset"], **data}, "accuracy": accuracy}
