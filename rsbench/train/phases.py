"""The phases of a cell on one rank: which one trains, and what the others took."""

from __future__ import annotations

import gc
from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.measure.heartbeat import beat
from rsbench.measure.totals import RunTotals
from rsbench.recipe.phases import phases_of
from rsbench.tasks import Networks, Task
from rsbench.train.agreement import agree_on_phase, agree_on_run
from rsbench.train.phase import PhaseTraining, fresh_networks
from rsbench.train.phase_parts import PhaseParts
from rsbench.train.selection.training_set import TrainingSet


class Phases:
    """Walks over the phases of a cell. All ranks make the same calls.

    Args:
        cell: what runs.
        compressor: with its density solved, not registered.
        task: bound to its data.
        folder: of the prepared data set.
        device: this rank's.

    Attributes:
        planned: how long each phase is.
        current: the phase that trains.
        number: of the phase that trains, from 0.
        compressor: of the current phase.
        parts: what the phases that have ended took.

    Raises:
        RsbenchError: the model is unknown, or ranks are about to do different things.
    """

    def __init__(self, cell: CellSpec, compressor: Compressor, task: Task, folder: Path, device: torch.device) -> None:
        self._cell, self._task, self._device, self.compressor = cell, task, device, compressor
        self.planned = phases_of(cell, len(task.train))
        self.training_set = TrainingSet(cell, task, device)
        self.parts = PhaseParts()
        self._begin(0, partial(agree_on_run, cell, compressor.text, task, folder))

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.planned)

    @property
    def samples(self) -> int:
        """Samples of all steps, phases and workers, repeats included."""
        sizes = {"workers": self._cell.workers, "batch_size": self._cell.batch_size}
        return sum(phase.samples_seen(**sizes) for phase in self.planned)

    @property
    def is_last(self) -> bool:
        """Whether the current phase is the one that is validated and tested."""
        return self.number == len(self.planned) - 1

    def _begin(self, number: int, agree: Callable[[Networks, NDArray[np.int64]], None]) -> None:
        """Begin a phase with fresh networks, once all ranks have the same networks and samples."""
        phase, before, self.number = self.planned[number], self.planned[:number], number
        samples, built = self.training_set.of(phase), fresh_networks(self._cell, self._task)
        beat("compare with the other ranks")
        agree(built, samples)
        self.current = PhaseTraining(
            phase,
            self._cell,
            self.compressor,
            self._task,
            built,
            samples,
            partial(self.training_set.watcher, phase),
            self._device,
            first_step=sum(one.steps for one in before),
            first_epoch=sum(one.epochs for one in before),
        )

    def _change_to(self, number: int) -> None:
        """Leave the current phase and begin another; networks and compressor begin anew."""
        del self.current
        gc.collect()  # networks and their hooks know each other, and the next ones need their memory
        self.compressor = self.compressor.replace()
        self._begin(number, agree_on_phase)

    def next(self, totals: RunTotals, train_s: float) -> None:
        """Begin the next phase.

        Args:
            totals: over all phases so far.
            train_s: seconds of training over all phases so far.
        """
        self.close(totals, train_s)
        totals.begin_phase()
        self._change_to(self.number + 1)

    def close(self, totals: RunTotals, train_s: float) -> None:
        """Note what the current phase took; arguments as of :meth:`next`."""
        buffers, scores = self.current.exchange.buffer_bytes, self.current.watcher.exchanged_bytes
        self.parts.end(self.current.phase, totals, train_s=train_s, buffer_bytes=buffers, score_bytes=scores)

    def exchanged(self) -> Mapping[str, int]:
        """Return what a history's entry says of the scores exchanged so far: nothing where a cell has no scores."""
        if not self._cell.pruning.scores:
            return {}
        return {"score_bytes": self.parts.score_bytes + self.current.watcher.exchanged_bytes}

    def enter(self, step: int, training_set: Mapping[str, Any]) -> None:
        """Begin the phase that a checkpoint was saved in; one that was saved between two is of the first.

        Args:
            step: after which it was saved.
            training_set: state of the training set then.
        """
        self.training_set.load_state_dict(training_set)
        if number := bisect_left(list(accumulate(phase.steps for phase in self.planned)), step):
            self._change_to(number)

    def sections(self) -> dict[str, Any]:
        """Return what the record says of phases and of the selection of samples: nothing for one phase on all."""
        return {**self.parts.section(), **self.training_set.section(self.parts.score_bytes)}
