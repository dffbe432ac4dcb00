"""The phases of a cell: trainings that follow each other, each on its own samples. Torch-free."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from rsbench.errors import RsbenchError
from rsbench.recipe.epochs import steps_per_epoch, total_steps
from rsbench.recipe.prune import Prune, parse_prune

Name = Literal["score", "train"]


class Asked(Protocol):
    """What a cell says of its length."""

    @property
    def workers(self) -> int:
        """The world size W."""

    @property
    def batch_size(self) -> int:
        """Samples per worker and step."""

    @property
    def epochs(self) -> int:
        """Passes over the training samples in the last phase."""

    @property
    def max_steps(self) -> int | None:
        """Most steps of the last phase."""

    @property
    def prune(self) -> str | None:
        """Which samples the last phase trains on, as :func:`rsbench.recipe.prune.parse_prune` reads it."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One training within a cell.

    Attributes:
        name: ``score`` trains on all samples and rates them; ``train`` is the training that is validated and tested.
        samples: training samples.
        per_epoch: optimizer steps of one pass over them.
        steps: optimizer steps of the phase.
        epochs: passes that are begun within ``steps``.
    """

    name: Name
    samples: int
    per_epoch: int
    steps: int
    epochs: int

    @property
    def takes_whole_epochs(self) -> bool:
        """Whether each pass takes every sample; otherwise a last incomplete batch is left out."""
        return self.name == "score"

    def samples_seen(self, *, workers: int, batch_size: int) -> int:
        """Return the samples of all steps and workers, repeats included."""
        share = math.ceil(self.samples / workers)
        if self.takes_whole_epochs:
            return self.epochs * share * workers
        return self.steps * min(batch_size, share) * workers


def phases_of(spec: Asked, train_samples: int) -> tuple[Phase, ...]:
    """Return the phases of a cell in their order; the last one is the one that is tested.

    Args:
        spec: the cell.
        train_samples: training samples of its split.

    Raises:
        RsbenchError: more workers than training samples.
    """
    prune = parse_prune(spec.prune)
    last = _training(spec, prune, train_samples)
    if not prune.scores:
        return (last,)
    per_epoch = _whole_epoch(train_samples, workers=spec.workers, batch_size=spec.batch_size)
    steps = per_epoch * prune.epochs
    return (Phase(name="score", samples=train_samples, per_epoch=per_epoch, steps=steps, epochs=prune.epochs), last)


def _training(spec: Asked, prune: Prune, train_samples: int) -> Phase:
    """Return the phase that trains on what is kept.

    Raises:
        RsbenchError: more workers than samples.
    """
    kept = prune.kept_of(train_samples)
    if kept < spec.workers <= train_samples:
        raise RsbenchError(
            f"--prune {prune.text} keeps {kept:,} of {train_samples:,} training samples, fewer than the "
            f"{spec.workers} workers: keep a larger share."
        )
    per_epoch = steps_per_epoch(kept, workers=spec.workers, batch_size=spec.batch_size)
    paced_by = per_epoch
    if prune.budget == "steps":
        paced_by = steps_per_epoch(train_samples, workers=spec.workers, batch_size=spec.batch_size)
    steps = total_steps(paced_by, epochs=spec.epochs, max_steps=spec.max_steps)
    return Phase(name="train", samples=kept, per_epoch=per_epoch, steps=steps, epochs=math.ceil(steps / per_epoch))


def _whole_epoch(samples: int, *, workers: int, batch_size: int) -> int:
    """Return the steps of a pass that leaves no sample out.

    A last batch of a single sample joins the one before: batch norm has no variance of one sample.
    """
    whole, rest = divmod(math.ceil(samples / workers), batch_size)
    return max(1, whole + (rest > 1))
