"""What classifying images and classifying pixels share: cross-entropy, OA, AA, kappa."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rsbench.cell import CellSpec
from rsbench.loaders.batches import Batch, Reader
from rsbench.tasks import evaluate
from rsbench.tasks.base import Networks, Task
from rsbench.tasks.labelled import Labelled, split_facts


class Classification(Task):
    """One network, one cross-entropy; the last element of a batch is the labels.

    Subclasses open the prepared data and read samples of it.
    """

    data: Labelled

    def __init__(self, cell: CellSpec, folder: Path, device: torch.device) -> None:
        super().__init__(cell, folder, device)
        self.data = self.open()
        self.parts = self.data.split(cell.split, cell.derived_seed)
        self.train = self.parts.train
        self.reader = self.make_reader(self.train)

    @abstractmethod
    def open(self) -> Labelled:
        """Return the prepared data."""

    @abstractmethod
    def make_reader(self, train: NDArray[np.int64]) -> Reader:
        """Return what reads samples by position.

        Args:
            train: positions of the training samples, which alone may decide on scaling, shape [n].
        """

    @classmethod
    def losses(
        cls, networks: Networks, batch: Batch, *, label_smoothing: float = 0.0
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the cross-entropy of the sole network."""
        *inputs, labels = batch
        yield "", nn.functional.cross_entropy(networks[""](*inputs), labels, label_smoothing=label_smoothing)

    @property
    def inputs(self) -> dict[str, int]:
        """The number of classes."""
        return {"classes": len(self.data.class_names)}

    @property
    def samples(self) -> NDArray[np.int64]:
        """Positions of those that train, validate and test."""
        return np.concatenate([self.parts.train, self.parts.val, self.parts.test])

    def answers(self, networks: Networks, positions: NDArray[Any]) -> dict[str, Any]:
        """Predict some samples; the keys are those of :func:`rsbench.tasks.evaluate.predict`."""
        return evaluate.predict(
            networks[""], self.reader, positions, batch_size=2 * self.cell.batch_size, bf16=self.cell.bf16
        )

    def scores(self, networks: Networks, positions: NDArray[Any]) -> dict[str, Any]:
        """Predict some samples and score them."""
        return evaluate.scores(self.answers(networks, positions), len(self.data.class_names))

    def validate(self, networks: Networks) -> dict[str, float] | None:
        """Score the validation samples: ``loss``, ``oa``, ``aa``, ``kappa``; None where there are none."""
        if not len(self.parts.val):
            return None
        scores = self.scores(networks, self.parts.val)
        return {name: scores[name] for name in ("loss", "oa", "aa", "kappa")}

    def test(self, networks: Networks) -> dict[str, Any]:
        """Score the test samples."""
        return self.scores(networks, self.parts.test)

    def facts(self) -> dict[str, Any]:
        """Return a record's ``dataset`` section."""
        return {**split_facts(self.name, self.data, self.parts), **self.partition_facts()}
