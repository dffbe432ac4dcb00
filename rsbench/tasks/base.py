"""What a data set asks of a model: networks, losses, scores, pictures."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rsbench.cell import CellSpec
from rsbench.datasets import partition as partitions
from rsbench.datasets.partition import TrainingSamples
from rsbench.loaders.batches import Batch, Reader, TrainBatches
from rsbench.loaders.orders import DealtAnew, Order, OwnSamples
from rsbench.models.trial import Wanted, wanted_classes

Networks = Mapping[str, nn.Module]
"""Networks by name, in the order of a step's losses. A sole network is called ``""``."""


_LOOKED_AT = 256
"""Samples that are looked at at a time."""
_STRANGE = 1e4
"""Standard deviations from the mean from which an input is no measurement."""


class Task(ABC):
    """A task, bound to one cell's data on one rank. The class methods need no data.

    The training loop wraps each network in DistributedDataParallel, gives it a compressor and an optimizer of its own,
    and takes the losses of a step in order; bytes add up over the networks. Networks may share parameters.

    Args:
        cell: what to run.
        folder: of the prepared data set.
        device: this rank's.

    Raises:
        RsbenchError: the data cannot be split as asked.
    """

    name: ClassVar[str]
    rate_factors: ClassVar[Mapping[str, float]] = {}
    """Learning rates as multiples of the cell's by network, where they are not 1."""
    input_words: ClassVar[tuple[str, ...]] = ("an input",)
    """What the tensors of a batch show, in their order, for errors; labels may be left out."""
    reader: Reader
    """What reads samples by position; set by each task's constructor, as is the next."""
    train: NDArray[np.int64]
    """Positions of the samples that train, shape [n]."""

    def __init__(self, cell: CellSpec, folder: Path, device: torch.device) -> None:
        self.cell, self.folder, self.device = cell, folder, device

    # --- without data ------------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def models(cls) -> list[str]:
        """Return the names that ``--model`` takes for data sets of this task."""

    @classmethod
    @abstractmethod
    def build(
        cls, model: str, inputs: Mapping[str, int], *, image_size: int, weights: str | None = None
    ) -> dict[str, nn.Module]:
        """Build the networks of a model; draws from torch's global generator, works on the meta device.

        Args:
            model: one of :meth:`models`.
            inputs: as :attr:`rsbench.datasets.Survey.inputs` gives them.
            image_size: side of pictures or patches, in pixels.
            weights: initial weights by name or file, None for random ones.

        Raises:
            RsbenchError: unknown model or weights, or weights that this task does not take.
        """

    @classmethod
    @abstractmethod
    def example(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Batch:
        """Return a batch of the right shapes on torch's default device, to learn what a step takes."""

    @classmethod
    @abstractmethod
    def losses(
        cls, networks: Networks, batch: Batch, *, label_smoothing: float = 0.0
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the (network's name, loss) of one step; each is backpropagated and stepped before the next is computed.

        A loss reaches exactly the parameters of the network it is named for.
        """

    @classmethod
    def wanted(cls, inputs: Mapping[str, int], *, image_size: int, samples: int) -> Wanted:
        """Return what the output of an own model has to look like: one logit a class, where a task says nothing else.

        Args:
            inputs: as for :meth:`build`.
            image_size: side of pictures or patches, in pixels.
            samples: of the batch.
        """
        return wanted_classes(inputs["classes"], samples)

    @classmethod
    def place(cls, networks: Networks, device: torch.device, *, channels_last: bool) -> dict[str, nn.Module]:
        """Return the networks on the device, in the memory format asked for."""
        layout = torch.channels_last if channels_last else torch.preserve_format
        return {name: network.to(device).to(memory_format=layout) for name, network in networks.items()}

    # --- with data ---------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def inputs(self) -> dict[str, int]:
        """The sizes that networks are built for, as :attr:`rsbench.datasets.Survey.inputs` of the same data."""

    def batches(
        self,
        *,
        rank: int,
        workers: int,
        steps: int,
        samples: NDArray[np.int64] | None = None,
        whole: bool = False,
    ) -> TrainBatches:
        """Return this rank's shuffled batches, ``cell.batch_size`` samples each.

        Args:
            rank: this rank.
            workers: world size W.
            steps: of an epoch.
            samples: positions of those that all workers share, shape [n]; None for all that train.
            whole: an epoch's last batch takes all samples that are left.
        """
        batch_size, seed = self.cell.batch_size, self.cell.derived_seed
        order: Order
        if self.clients:
            per_epoch = steps * min(batch_size, math.ceil(len(self.train) / workers))
            order = OwnSamples(self.clients[rank], rank=rank, per_epoch=per_epoch, seed=seed)
        else:
            shared = self.train if samples is None else samples
            order = DealtAnew(shared, rank=rank, workers=workers, seed=seed)
        sizes = {"batch_size": batch_size, "steps": steps}
        return TrainBatches(self.training_reader(rank), order, rank=rank, seed=seed, whole=whole, **sizes)

    def training_reader(self, rank: int) -> Reader:
        """Return what reads the samples that a rank trains on."""
        return self.reader

    @property
    def training_samples(self) -> TrainingSamples:
        """What decides which client has which training sample; tasks with classes or one scene say so."""
        return TrainingSamples(positions=self.train)

    @cached_property
    def clients(self) -> tuple[NDArray[np.int64], ...]:
        """Positions of each rank's own training samples; none where all are dealt out anew in each epoch.

        Raises:
            RsbenchError: the cell's partition leaves a client with too few samples.
        """
        cell = self.cell
        if cell.partitioning.is_iid:
            return ()
        return partitions.deal(
            cell.partitioning,
            self.training_samples,
            workers=cell.workers,
            batch_size=cell.batch_size,
            seed=cell.derived_seed,
        )

    @abstractmethod
    def validate(self, networks: Networks) -> dict[str, float] | None:
        """Score the validation samples, all ranks together.

        Returns:
            ``loss`` and the task's metrics; None where there is nothing to validate on.
        """

    @abstractmethod
    def test(self, networks: Networks) -> dict[str, Any]:
        """Score the test samples, each once, all ranks together: a record's ``accuracy.test``."""

    @property
    def samples(self) -> NDArray[np.int64]:
        """Positions of the samples that are looked at where a loss is not finite, those that train first, shape [n]."""
        return self.train

    def strange_input(self) -> str | None:
        """Return what is strange about the scaled inputs, without a full stop; None if nothing is."""
        for start in range(0, len(self.samples), _LOOKED_AT):
            batch = self.reader.read(self.samples[start : start + _LOOKED_AT], None)
            for words, values in zip(self.input_words, batch, strict=False):
                largest = float(values.abs().amax()) if values.numel() else 0.0
                if not math.isfinite(largest):
                    return f"{words} holds values that are no number"
                if largest > _STRANGE:
                    return (
                        f"{words} holds values up to {largest:.1e} standard deviations from the mean of the training "
                        "samples"
                    )
        return None

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return a record's ``dataset`` section."""

    def partition_facts(self) -> dict[str, Any]:
        """Return what a record's ``dataset`` section says of the clients: nothing where there are none."""
        if not self.clients:
            return {}
        counts = partitions.class_counts(self.training_samples, self.clients)
        return {"partition": {"text": self.cell.partitioning.text, "clients": counts}}

    def baselines(self) -> dict[str, dict[str, float]]:
        """Return the metrics of methods that need no training, by name."""
        return {}

    def draw(self, networks: Networks, folder: Path) -> list[dict[str, str]]:
        """Draw pictures of the result into a folder; called on all ranks, written by rank 0.

        Returns:
            ``{"file": name in the folder, "title": caption}`` for each.
        """
        return []
