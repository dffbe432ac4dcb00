"""One phase of a cell on one rank: its networks, batches and exchange, and where its epochs end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn

from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.loaders.batches import Batch
from rsbench.measure.heartbeat import beat
from rsbench.recipe.phases import Phase
from rsbench.tasks import Networks, Task
from rsbench.train.differences import Differences
from rsbench.train.exchange import Exchange, Stats
from rsbench.train.gradients import Gradients
from rsbench.train.learning_rate import learning_rate
from rsbench.train.open_steps import OpenStep
from rsbench.train.selection.watcher import Watcher


def fresh_networks(cell: CellSpec, task: Task) -> dict[str, nn.Module]:
    """Return a cell's networks with their initial weights, the same for every phase, compressor and rank."""
    beat("build the network")
    torch.manual_seed(cell.derived_seed)
    return task.build(cell.model, task.inputs, image_size=cell.image_size, weights=cell.weights)


class PhaseTraining:
    """One phase: networks in training, their batches, their exchange. Steps are numbered as in the whole cell.

    Compressor, optimizers, learning rate and batches begin anew with a phase.

    Args:
        phase: how long it is.
        cell: what runs.
        compressor: not registered; every network gets one like it.
        task: bound to its data.
        networks: that it begins with.
        samples: positions of its training samples, shape [n].
        watch: returns what watches the training of networks.
        device: this rank's.
        first_step: steps of the phases before.
        first_epoch: epochs of the phases before.

    Attributes:
        samples_per_step: of all workers together, in a step of whole batches.
        last_step: steps that are done when it has ended.
    """

    def __init__(
        self,
        phase: Phase,
        cell: CellSpec,
        compressor: Compressor,
        task: Task,
        networks: Networks,
        samples: NDArray[np.int64],
        watch: Callable[[Networks], Watcher],
        device: torch.device,
        *,
        first_step: int,
        first_epoch: int,
    ) -> None:
        beat("prepare the exchange")
        workers, rank = dist.get_world_size(), dist.get_rank()
        self.phase, self.cell, self.task, self._device = phase, cell, task, device
        self.first_step, self.last_step, self._first_epoch = first_step, first_step + phase.steps, first_epoch
        self.samples_per_step = min(cell.batch_size, math.ceil(phase.samples / workers)) * workers
        self.networks = task.place(networks, device, channels_last=cell.channels_last)
        self.watcher = watch(self.networks)
        self.batches = task.batches(
            rank=rank, workers=workers, steps=phase.per_epoch, samples=samples, whole=phase.takes_whole_epochs
        )
        self._stream: Iterator[Batch] = self.batches.walk()
        self.exchange = self._exchange_of(compressor, self.batches.samples)
        # Dropout: its own on each rank, the same for every compressor.
        torch.manual_seed(cell.derived_seed + 104729 * (rank + 1))

    def _exchange_of(self, compressor: Compressor, samples: int) -> Exchange:
        """Return what the workers exchange, by the cell."""
        networks, cell = self.networks, self.cell
        if cell.synchronization.in_rounds:
            return Differences(networks, compressor, cell, samples, self._losses, self.rate)
        return Gradients(networks, compressor, cell, self._device, self._losses, self.rate)

    def _losses(self, models: Networks, batch: Batch) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the task's losses, each computed under autocast where that is asked for, and watched."""
        losses = self.task.losses(models, batch, label_smoothing=self.cell.label_smoothing)
        while True:
            with torch.autocast(self._device.type, torch.bfloat16) if self.cell.bf16 else nullcontext():
                named_loss = next(losses, None)
            if named_loss is None:
                return
            self.watcher.see(batch)
            yield named_loss

    # --- steps ---------------------------------------------------------------------------------------------------

    def launch(self, step: int, loader: Iterator[Batch]) -> list[tuple[OpenStep, Stats]]:
        """Launch the steps from one on to the next exchange, as :meth:`rsbench.train.exchange.Exchange.launch`."""
        return self.exchange.launch(step, self.last_step, loader)

    def rehearse(self) -> None:
        """Train the first step, which a state that is loaded then undoes.

        DistributedDataParallel orders its buckets anew after the first step: the run that goes on must have the order
        that it had, since sums of three ranks and more depend on it.
        """
        self.exchange.launch(self.first_step, self.first_step + 1, self.batches.walk())

    def go_to(self, step: int) -> None:
        """Take the batches from a step on; the draws of augmentation are restored already."""
        self._stream = self.batches.walk(step - self.first_step)

    def next_batch(self) -> Batch:
        """Return the batch of the next step."""
        return next(self._stream)

    def rate(self, step: int, network: str = "") -> float:
        """Return the learning rate of a network in a step; each phase has the whole schedule."""
        local, phase = step - self.first_step, self.phase
        rate = learning_rate(self.cell, local, steps=phase.steps, per_epoch=phase.per_epoch)
        return rate * self.task.rate_factors.get(network, 1.0)

    # --- epochs --------------------------------------------------------------------------------------------------

    def epoch_of(self, step: int) -> int:
        """Return the number of a step's epoch, counted over all phases from 0."""
        return self._first_epoch + (step - self.first_step) // self.phase.per_epoch

    def next_epoch_end(self, step: int) -> int:
        """Return the steps after which the next epoch ends: at the first exchange at or after its last step."""
        every, per_epoch = self.cell.synchronization.every, self.phase.per_epoch
        end = ((step - self.first_step) // per_epoch + 1) * per_epoch
        return self.first_step + min(self.phase.steps, math.ceil(end / every) * every)
