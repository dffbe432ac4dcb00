"""The run of a cell on one rank: its phases, one after the other, the same for every compressor."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
import torch.distributed as dist

from rsbench.cell import CellSpec
from rsbench.compressors import Compressor
from rsbench.errors import NotFiniteError
from rsbench.loaders.batches import Batch
from rsbench.loaders.prefetch import ahead
from rsbench.measure.across_ranks import AcrossRanks
from rsbench.measure.exchange_profile import ExchangeProfile
from rsbench.measure.heartbeat import beat
from rsbench.measure.log import RunLog
from rsbench.measure.step_times import skipped_steps
from rsbench.measure.totals import RunTotals
from rsbench.measure.trace import Trace
from rsbench.metrics import facts_of
from rsbench.tasks import Networks, Task
from rsbench.train.checkpoints import Checkpoints
from rsbench.train.exchange import Exchange, Stats
from rsbench.train.inputs_first import inputs_first
from rsbench.train.open_steps import OpenSteps, ReadStep
from rsbench.train.phase import PhaseTraining
from rsbench.train.phases import Phases
from rsbench.train.saving import NoCheckpoints, Order, Saving
from rsbench.train.sections import compressor_section, memory_section, model_section, thinned, traffic_section

_PROGRESS: Final = ("trained_s", "_epoch_losses", "_epoch_end", "validation", "history")
"""Attributes of :class:`Training` that a checkpoint keeps as JSON."""


class Training:
    """One cell on one rank: its task and phases, and what was measured over all of them.

    Steps are numbered through all phases.

    Args:
        cell: what to run.
        compressor: with its density solved; every network of the task gets one like it.
        task: the task's class.
        folder: of the prepared data set.
        device: this rank's device.
        log: where raw samples go.
        trace: file for a trace of some steps; None writes none.
        order: of checkpoints; None saves none.

    Attributes:
        phases: which one trains, and what the others took.
        steps: of all phases.
        step: that are done.

    Raises:
        RsbenchError: the data cannot be split as asked, the model is unknown, or nobody has described the task in
            :mod:`rsbench.metrics`.
    """

    def __init__(
        self,
        cell: CellSpec,
        compressor: Compressor,
        task: type[Task],
        folder: Path,
        device: torch.device,
        log: RunLog,
        *,
        trace: Path | None = None,
        order: Order | None = None,
    ) -> None:
        self.cell, self.device, self.log = cell, device, log
        self._metric = facts_of(task.name).metric.name
        beat("load its data")
        self.task = task(cell, folder, device)
        self.phases = Phases(cell, compressor, self.task, folder, device)
        self.steps = self.phases.steps
        self.profile, self.ranks = ExchangeProfile(), AcrossRanks(device)
        self.totals = RunTotals(dist.get_world_size(), compressor.steady_from_step)
        self._trace_file, self.trace = trace, None if trace is None else Trace(self.steps)
        self.validation: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.step, self.trained_s, self._stop = 0, 0.0, 0
        self._epoch_losses: list[float] = []
        self._epoch_end = self.current.next_epoch_end(0)
        self.checkpoints: Saving = NoCheckpoints() if order is None else Checkpoints(self, order)

    @inputs_first
    def run(self, pictures: Path) -> dict[str, Any]:
        """Train, validate after each epoch, test with the last weights.

        Args:
            pictures: folder that pictures of the result are drawn into.

        Returns:
            The record's sections.

        Raises:
            RsbenchError: the loss or a gradient is not finite, or the newest checkpoint is of another run.
            StoppedError: some rank was asked to stop; a checkpoint was saved.
        """
        self.log.write("phase", {"phase": self.current.phase.name})
        with self.checkpoints.kept():
            while self.step < self.steps:
                if self.step == self.current.last_step:
                    self._change_phase()
                self._train_until(self.checkpoints.next_stop(self.step, self._epoch_end))
                epoch_ended = self.step == self._epoch_end
                if epoch_ended:
                    self._end_epoch()
                self.checkpoints.end_leg(epoch_ended=epoch_ended)
            return self._finish(pictures)

    def _finish(self, pictures: Path) -> dict[str, Any]:
        """Write the trace, test with the last weights, and return the record's sections."""
        if self.trace is not None and self._trace_file is not None:
            self.trace.write(self._trace_file)
        if lost := self.phases.training_set.warning():
            self.log.warn(lost)
        return self._sections(self._accuracy(pictures))

    def _change_phase(self) -> None:
        """Go on with the next phase."""
        self.phases.next(self.totals, self.trained_s)
        self._epoch_end = self.current.next_epoch_end(self.step)
        self.log.write("phase", {"phase": self.current.phase.name})

    def _end_epoch(self) -> None:
        """Let the phase's watcher know, validate in the last phase, and remember what was reached."""
        train_loss = sum(self._epoch_losses) / len(self._epoch_losses)
        with self._training_time():
            self.current.watcher.end_epoch()
        scores = self._validate() if self.compressor.trains and self.phases.is_last else None
        if scores is not None:
            self.validation.append({"epoch": self.current.epoch_of(self.step - 1), **scores})
            self.log.write("epoch", {"steps_done": self.step, "train_loss": train_loss, **self.validation[-1]})
        self._remember(train_loss)
        self._epoch_losses, self._epoch_end = [], self.current.next_epoch_end(self.step)

    @property
    def current(self) -> PhaseTraining:
        """The phase that trains."""
        return self.phases.current

    @property
    def compressor(self) -> Compressor:
        """The compressor of the phase that trains."""
        return self.phases.compressor

    @property
    def networks(self) -> Networks:
        """The networks that train."""
        return self.current.networks

    @property
    def exchange(self) -> Exchange:
        """The exchange of the phase that trains."""
        return self.current.exchange

    @property
    def progress(self) -> dict[str, Any]:
        """What else changes in training, for a checkpoint."""
        return {**{name: getattr(self, name) for name in _PROGRESS}, "phases": self.phases.parts.ended}

    def go_on(self, step: int, progress: Mapping[str, Any]) -> None:
        """Stand after a step, with the progress that was then."""
        for name in _PROGRESS:
            setattr(self, name, progress[name])
        self.phases.parts.ended, self.step = progress.get("phases", []), step
        self.current.go_to(step)

    def _validate(self) -> dict[str, float] | None:
        """Average the buffers over the ranks and score the validation samples."""
        self.exchange.agree()
        if (scores := self.task.validate(self.networks)) is not None:
            self._finite(scores["loss"], self.step)
        return scores

    def _remember(self, train_loss: float) -> None:
        """Keep what was reached after this epoch, for curves against steps, time and bytes."""
        last = self.validation[-1] if self.validation else {}
        entry: dict[str, Any] = {"step": self.step, "elapsed_s": self.trained_s, "train_loss": train_loss}
        entry |= {"payload_bytes_total": self.totals.payload_bytes_total, "lr": self.current.rate(self.step - 1)}
        entry |= {"val_loss": last.get("loss"), "val_score": last.get(self._metric)}
        self.history.append(entry | {"density_per_tensor": self.totals.density_per_tensor, **self.phases.exchanged()})

    def _train_until(self, stop: int) -> None:
        """Train until so many steps are done, in an exchange's end, or to the next where a rank was asked to stop."""
        first, self._stop = self.step, stop
        loader = ahead(self._batches_to_stop(), self.device)
        launched, sent = OpenSteps(self.compressor.hook.clock), deque[Stats]()
        self.ranks.open()
        while self.step < self._stop:
            with self._training_time():
                steps = self.current.launch(self.step, loader)
                read = [one for step, _ in steps for one in self._finite_steps(launched.add(step))]
            self.step += len(steps)
            sent += [stats for _, stats in steps]
            self._epoch_losses += [self._note(step, sent.popleft()) for step in read]
            with self._training_time():
                is_to_stop = self.checkpoints.is_to_stop(self.step)
            if is_to_stop:  # after one more exchange, whose batches may be read already
                self._stop = min(self._stop, self.step + len(steps))
        with self._training_time():
            read = self._finite_steps(launched.rest())
        self._epoch_losses += [self._note(step, sent.popleft()) for step in read]
        beat("compare the ranks' waiting")
        self.totals.tell_skew(self.ranks.close(self.totals.waits_s(self.step - first)))

    def _batches_to_stop(self) -> Iterator[Batch]:
        """Yield the batches to the stop, which may come nearer meanwhile."""
        read = self.step
        while read < self._stop:
            read += 1
            yield self.current.next_batch()

    @contextmanager
    def _training_time(self) -> Iterator[None]:
        """Count the time within: that of steps, neither of validation nor of writing samples."""
        began = time.perf_counter()
        yield
        self.trained_s += time.perf_counter() - began

    def _finite_steps(self, read: list[ReadStep]) -> list[ReadStep]:
        """Return the steps, or stop a run that diverged: at that step on CPUs, a step later on GPUs."""
        for step in read:
            self._finite(step.loss, step.number)
        return read

    def _finite(self, loss: float, step: int) -> None:
        """Stop a run that diverged; one that is not meant to train may.

        Raises:
            NotFiniteError: the loss is inf or nan.
        """
        if self.compressor.trains and not math.isfinite(loss):
            raise NotFiniteError(
                f"The loss became {loss} around step {step + 1}",
                f"training diverged: lower --lr (it was {self.cell.lr:g}) or clip gradients with --clip-norm.",
            )

    def _note(self, step: ReadStep, stats: Stats) -> float:
        """Count a step that was read, append its raw sample and return its loss."""
        changed = self.totals.add(stats, step.times)
        self.profile.add(step.phases)
        if self.trace is not None:
            self.trace.add(step.number, step.marks)
        values = {"step": step.number, "epoch": self.current.epoch_of(step.number), "loss": step.loss, "lr": step.rate}
        values |= {"images": self.current.samples_per_step, "payload_bytes": stats["payload_bytes"] if stats else 0}
        values["warmup"] = step.number < skipped_steps(self.steps)
        self.log.write("step", values | vars(step.times))
        if stats and changed:
            self.log.write("density", {"step": step.number, "density": stats["density"]})
        return step.loss

    def _accuracy(self, pictures: Path) -> dict[str, Any] | None:
        """Return the record's section; None for a compressor that does not train."""
        if not self.compressor.trains:
            return None
        self.log.write("phase", {"phase": "test"})
        self.exchange.agree()
        test = self.task.test(self.networks)
        self._finite(test["loss"], self.step)
        last = self.validation[-1].get(self._metric) if self.validation else None
        beat("draw pictures")
        drawn = self.task.draw(self.networks, pictures)
        scores = {"val": self.validation, "val_score": last, "test": test}
        return {**scores, "pictures": drawn, "baselines": self.task.baselines()}

    def _sections(self, accuracy: dict[str, Any] | None) -> dict[str, Any]:
        """Return all sections of the record that this process knows of."""
        phases = self.phases
        phases.close(self.totals, self.trained_s)
        traffic = traffic_section(self.totals, phases.parts.buffer_bytes, self.cell, phases.samples)
        return {
            "compressor": compressor_section(self.compressor, self.cell),
            "dataset": self.task.facts(),
            "model": model_section(self.cell.model, self.networks),
            "traffic": {**traffic, **self.ranks.traffic(), **phases.parts.traffic()},
            "exchange": {**self.profile.section(), **self.ranks.machine()},
            "time": {**self.totals.time(phases.samples / self.steps), "train_s": self.trained_s},
            "accuracy": accuracy,
            "history": thinned(self.history),
            "memory": memory_section(self.device),
            **phases.sections(),
            "runtime": {
                **self.checkpoints.runtime,
                "buckets": self.exchange.bucket_count,
                "steps_per_epoch": self.current.phase.per_epoch,
                "kernels": self.compressor.hook.kernels,
            },
        }
