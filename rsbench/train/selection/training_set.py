"""Which samples each phase of a cell trains on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.cell import CellSpec
from rsbench.recipe.phases import Phase
from rsbench.tasks import Networks, Task
from rsbench.train.selection.keeping import kept, lost_classes_warning, selection_record
from rsbench.train.selection.making import make_scorer
from rsbench.train.selection.scorer import Scorer
from rsbench.train.selection.watcher import ScoredBatches, Unwatched, Watcher


class TrainingSet:
    """The training samples of a task: all of them, and from the last phase on those that are kept.

    Args:
        cell: says what is kept.
        task: bound to its data.
        device: this rank's.
    """

    def __init__(self, cell: CellSpec, task: Task, device: torch.device) -> None:
        self._prune, self._seed, self._task = cell.pruning, cell.derived_seed, task
        self._kept: NDArray[np.int64] | None = np.arange(len(task.train)) if self._prune.keeps_all else None
        self._scorer = self._make_scorer(device) if self._prune.scores else None

    def _make_scorer(self, device: torch.device) -> Scorer:
        known = self._task.training_samples
        return make_scorer(self._prune, known.positions, known.known_labels, known.classes, device)

    def of(self, phase: Phase) -> NDArray[np.int64]:
        """Return the positions of the samples that a phase trains on, shape [n], equal on all ranks."""
        return self._task.train if phase.name == "score" else self._task.train[self.kept]

    @property
    def kept(self) -> NDArray[np.int64]:
        """What the last phase trains on, as indices into the task's training samples, ascending, shape [m]."""
        if self._kept is None:
            scores = np.zeros(len(self._task.train)) if self._scorer is None else self._scorer.scores()
            self._kept = kept(self._prune, scores, self._seed)
        return self._kept

    def watcher(self, phase: Phase, networks: Networks) -> Watcher:
        """Return what watches a phase whose networks these are."""
        if phase.name == "train" or self._scorer is None:
            return Unwatched()
        (network,) = networks.values()
        return ScoredBatches(network, self._scorer)

    def warning(self) -> str:
        """Return a sentence on classes of which no sample is kept; empty where there are none."""
        if self._prune.keeps_all:
            return ""
        known, names = self._task.training_samples, self._task.facts()["classes"]
        of_kept, of_all = (
            np.bincount(labels, minlength=known.classes).tolist()
            for labels in (known.known_labels[self.kept], known.known_labels)
        )
        return lost_classes_warning(of_kept, of_all, names)

    def section(self, score_bytes: int) -> dict[str, Any]:
        """Return the record's ``selection``; nothing where all samples are kept.

        Args:
            score_bytes: that this rank handed over to exchange scores.
        """
        if self._prune.keeps_all:
            return {}
        known = self._task.training_samples
        record = selection_record(
            self._prune,
            self.kept,
            known.positions,
            known.known_labels,
            classes=known.classes,
            score_bytes=score_bytes,
        )
        return {"selection": record}

    def state_dict(self) -> dict[str, Any]:
        """Return what is kept, or this rank's part of the scores until that is known; nothing without scores."""
        if self._scorer is None:
            return {}
        return {"scorer": self._scorer.state_dict()} if self._kept is None else {"kept": self._kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave on the same rank, arrays or tensors."""
        if "kept" in state:
            self._kept = np.asarray(state["kept"])
        elif self._scorer is not None:
            self._scorer.load_state_dict(state["scorer"])
