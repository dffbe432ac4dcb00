"""How many phases a cell has, and how long each is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.recipe.phases import Phase, phases_of


def asked(**changes: Any) -> Any:
    """Two workers, batches of 32, 30 epochs."""
    return SimpleNamespace(
        **{"workers": 2, "batch_size": 32, "epochs": 30, "max_steps": None, "prune": None, **changes}
    )


def test_a_cell_that_keeps_all_is_one_training() -> None:
    (phase,) = phases_of(asked(), 1050)
    assert phase == Phase(name="train", samples=1050, per_epoch=16, steps=480, epochs=30)
    assert phase.samples_seen(workers=2, batch_size=32) == 480 * 64
    assert phases_of(asked(max_steps=20), 1050)[0].epochs == 2


@pytest.mark.parametrize(
    ("budget", "max_steps", "steps", "epochs"),
    [("epochs", None, 240, 30), ("steps", None, 480, 60), ("epochs", 100, 100, 13), ("steps", 100, 100, 13)],
)
def test_budgets_give_as_many_epochs_or_as_many_steps(
    budget: str, max_steps: int | None, steps: int, epochs: int
) -> None:
    (phase,) = phases_of(asked(prune=f"random:0.5,budget={budget}", max_steps=max_steps), 1050)
    assert (phase.name, phase.samples, phase.per_epoch) == ("train", 525, 8)
    assert (phase.steps, phase.epochs) == (steps, epochs)


@pytest.mark.parametrize(
    ("samples", "workers", "per_epoch"),
    [(1050, 2, 17), (64, 2, 1), (65, 2, 1), (66, 2, 1), (67, 2, 2), (10, 2, 1), (1, 1, 1), (96, 3, 1)],
)
def test_scoring_leaves_no_sample_out_and_no_sample_alone(samples: int, workers: int, per_epoch: int) -> None:
    score, train = phases_of(asked(prune="el2n:0.999,epochs=4", workers=workers), samples)
    assert (score.name, train.name) == ("score", "train")
    assert (score.samples, score.epochs, score.per_epoch, score.steps) == (samples, 4, per_epoch, 4 * per_epoch)
    assert score.samples_seen(workers=workers, batch_size=32) == 4 * -(-samples // workers) * workers


def test_steps_are_limited_in_the_last_phase_alone() -> None:
    score, train = phases_of(asked(prune="tdds:0.5", max_steps=5), 1050)
    assert (score.steps, train.steps) == (170, 5)


def test_more_workers_than_kept_samples_are_refused() -> None:
    with pytest.raises(
        RsbenchError, match=r"random:0\.5 keeps 5 of 10 training samples, fewer than the 8 workers: keep"
    ):
        phases_of(asked(prune="random:0.5", workers=8), 10)
    with pytest.raises(RsbenchError, match="keeps 1 of 1,050 training samples, fewer than the 2 workers: keep"):
        phases_of(asked(prune="random:0.000001"), 1050)
    with pytest.raises(RsbenchError, match="8 workers cannot share 2 training images"):
        phases_of(asked(prune="random:0.5", workers=8), 5)
