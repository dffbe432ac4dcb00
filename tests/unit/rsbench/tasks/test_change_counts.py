"""Scores of change maps and of their uncertainty, against scikit-learn on all pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics

from rsbench.models.changes.base import UNKNOWN
from rsbench.tasks.change_counts import BINS, ChangeCounts, all_change, bin_of, entropy_of, scores_of


def pixels(count: int = 20_000) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities of change and labels that they say something of, [1, 1, N]; a tenth is not marked."""
    rng = torch.Generator().manual_seed(0)
    labels = (torch.rand(1, 1, count, generator=rng) < 0.2).long()
    log_odds = 4 * torch.randn(1, 1, count, generator=rng) + 5 * labels - 4
    labels[0, 0, ::10] = UNKNOWN
    return log_odds.sigmoid(), labels


def counted(probability: torch.Tensor, labels: torch.Tensor) -> ChangeCounts:
    """The counts of one batch with the entropy."""
    counts = ChangeCounts()
    counts.add(probability, labels, {"entropy": entropy_of(probability)}, {"loss": torch.tensor(2.0)})
    return counts


def test_scores_are_those_of_scikit_learn() -> None:
    probability, labels = pixels()
    known = labels != UNKNOWN
    truth, predicted = labels[known].numpy(), (probability[known] >= 0.5).long().numpy()
    counts = counted(probability, labels)
    assert counts.confusion.tolist() == metrics.confusion_matrix(truth, predicted).tolist()
    expected = {
        "f1": metrics.f1_score(truth, predicted),
        "iou": metrics.jaccard_score(truth, predicted),
        "precision": metrics.precision_score(truth, predicted),
        "recall": metrics.recall_score(truth, predicted),
        "oa": metrics.accuracy_score(truth, predicted),
        "kappa": metrics.cohen_kappa_score(truth, predicted),
    }
    assert scores_of(counts.confusion) == pytest.approx(expected, abs=1e-12)
    assert counts.mean_losses() == {"loss": 2.0}


def test_auroc_of_errors_is_that_of_scikit_learn_but_for_the_bins() -> None:
    """Bins are 1/128 wide relative to the value, so few pairs of a wrong and a right pixel share one."""
    probability, labels = pixels()
    known = labels != UNKNOWN
    is_wrong = (labels[known] == 1) != (probability[known] >= 0.5)
    unsure = entropy_of(probability)[known]
    exact = metrics.roc_auc_score(is_wrong.numpy(), unsure.numpy())
    found = counted(probability, labels).uncertainty()["entropy"]["auroc"]
    assert found == pytest.approx(exact, abs=2e-3) and exact > 0.7
    binned = metrics.roc_auc_score(is_wrong.numpy(), bin_of(unsure).numpy())
    assert found == pytest.approx(binned, abs=1e-12), "equal bins count half, as equal scores do"


def test_f1_of_the_surest_pixels_leaves_out_a_tenth() -> None:
    probability, labels = pixels()
    known = labels != UNKNOWN
    order = entropy_of(probability)[known].argsort(stable=True)
    surest = order[: round(0.9 * len(order))]
    truth, predicted = labels[known][surest], probability[known][surest] >= 0.5
    found = counted(probability, labels).uncertainty()["entropy"]["f1_surest"]
    assert found == pytest.approx(metrics.f1_score(truth.numpy(), predicted.numpy()), abs=5e-3)
    assert found is not None and found > scores_of(counted(probability, labels).confusion)["f1"]  # type: ignore[operator]


def test_useless_uncertainty_has_an_auroc_of_one_half() -> None:
    probability, labels = pixels()
    counts = ChangeCounts()
    counts.add(probability, labels, {"network": torch.full_like(probability, 0.3)}, {})
    assert counts.uncertainty()["network"]["auroc"] == 0.5
    assert counts.uncertainty()["network"]["f1_surest"] == pytest.approx(scores_of(counts.confusion)["f1"])


def test_bins_ascend_and_hold_all_values() -> None:
    values = torch.tensor([0.0, 1e-12, 2.0**-32, 1e-6, 0.25, 0.5, 0.999, 1.0, 1.5, float("nan")])
    bins = bin_of(values).tolist()
    assert bins[:9] == sorted(bins[:9]) and bins[0] == bins[1] == 0 and max(bins) == BINS - 1 == bins[7]
    halves = bin_of(torch.linspace(0.5, 1, 10_001)[:-1])
    assert len(halves.unique()) == 128


@pytest.mark.parametrize(
    ("confusion", "undefined", "zero"),
    [
        ([[10, 0], [0, 0]], {"f1", "iou", "precision", "recall", "kappa"}, set()),
        ([[8, 2], [0, 0]], {"recall"}, {"f1", "iou", "precision", "kappa"}),
        ([[8, 0], [2, 0]], {"precision"}, {"f1", "iou", "recall", "kappa"}),
        ([[0, 0], [0, 0]], {"f1", "iou", "precision", "recall", "oa", "kappa"}, set()),
    ],
)
def test_undefined_scores_are_none(confusion: list[list[int]], undefined: set[str], zero: set[str]) -> None:
    scores = scores_of(np.array(confusion))
    assert {name for name, value in scores.items() if value is None} == undefined
    assert {name for name, value in scores.items() if value == 0} == zero


def test_all_change_has_the_f1_that_its_share_gives() -> None:
    scores = all_change(np.array([[60, 20], [5, 15]]))
    share = 0.2
    assert scores == pytest.approx(
        {"f1": 2 * share / (1 + share), "iou": share, "precision": share, "recall": 1, "oa": share, "kappa": 0}
    )
