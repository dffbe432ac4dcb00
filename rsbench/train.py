"""The training loop: one, the same for every compressor."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench import budget, evaluate, measure, models
from rsbench.batches import Pictures, TrainBatches
from rsbench.comm import Traffic
from rsbench.compressors import Compressor
from rsbench.datasets.scenes import Scenes
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError
from rsbench.spec import CellSpec
from rsbench.tally import Tally

HISTORY_ENTRIES = 100
"""At most so many entries of a run's history are kept in its record."""


class Samples:
    """Appends raw samples to ``samples.jsonl`` on rank 0, flushed line by line; other ranks write nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("w", encoding="utf-8")

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append one line; numbers that are not finite become null."""
        if self._file is not None:
            known = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
            self._file.write(json.dumps({"kind": kind, **known}, allow_nan=False) + "\n")
            self._file.flush()


def derived_seed(dataset: str, seed: int) -> int:
    """Seed of weights, split and batches: it depends on data set and repeat, never on the compressor."""
    return int.from_bytes(hashlib.sha256(f"{dataset}:{seed}".encode()).digest()[:4], "big")


def learning_rate(cell: CellSpec, step: int, *, steps: int, per_epoch: int) -> float:
    """Learning rate of a step: linear warm-up, then cosine to zero, tenths at 50 % and 75 %, or constant.

    Args:
        cell: peak rate, schedule and warm-up epochs.
        step: 0-based.
        steps: steps of the whole run.
        per_epoch: steps of an epoch; warm-up takes at most a quarter of the run.
    """
    warmup = min(round(cell.warmup_epochs * per_epoch), steps // 4)
    if step < warmup:
        return cell.lr * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    if cell.schedule == "cosine":
        return cell.lr * 0.5 * (1 + math.cos(math.pi * done))
    if cell.schedule == "step":
        return cell.lr * (0.01 if done >= 0.75 else 0.1 if done >= 0.5 else 1.0)
    return cell.lr


class Training:
    """One cell on one rank: network, data, optimizer, and what was measured.

    Args:
        cell: what to run.
        compressor: with its density solved.
        scenes: decoded data.
        device: this rank's device.
        samples: raw samples.

    Raises:
        RsbenchError: the data cannot be split as asked, or the model is unknown.
    """

    def __init__(
        self, cell: CellSpec, compressor: Compressor, scenes: Scenes, device: torch.device, samples: Samples
    ) -> None:
        self.cell, self.compressor, self.scenes, self.device, self.samples = cell, compressor, scenes, device, samples
        self.workers, rank, seed = dist.get_world_size(), dist.get_rank(), derived_seed(cell.dataset, cell.seed)
        self.split = scenes.split(cell.split, seed)
        images = len(self.split.train)
        self.per_epoch = budget.steps_per_epoch(images, workers=self.workers, batch_size=cell.batch_size)
        self.images_per_step = min(cell.batch_size, math.ceil(images / self.workers)) * self.workers
        self.steps = budget.total_steps(self.per_epoch, epochs=cell.epochs, max_steps=cell.max_steps)

        torch.manual_seed(seed)
        self.network = _network(cell, len(scenes.class_names), device)
        self.model = DistributedDataParallel(
            self.network,
            device_ids=[device.index] if device.type == "cuda" else None,
            bucket_cap_mb=cell.bucket_cap_mb,
            forward_sync_buffers=False,
            gradient_as_bucket_view=True,
        )
        compressor.register(self.model)
        groups = compressor.param_groups(
            self.network, lr=cell.lr, momentum=cell.momentum, weight_decay=cell.weight_decay
        )
        self.optimizer = torch.optim.SGD(groups)
        self.loss_of = nn.CrossEntropyLoss(label_smoothing=cell.label_smoothing)
        self.pictures = Pictures(scenes, device, channels_last=cell.channels_last)
        self.batches = TrainBatches(
            self.pictures,
            self.split.train,
            rank=rank,
            workers=self.workers,
            batch_size=cell.batch_size,
            steps=self.per_epoch,
            seed=seed,
        )
        torch.manual_seed(seed + 104729 * (rank + 1))  # dropout: its own on each rank, the same for every compressor
        self.buffers, self.tally = Traffic(self.workers), Tally(self.workers, compressor.steady_from_step)
        self.timer = measure.StepTimer(compressor.hook.clock)
        self.validation: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.step = 0

    def run(self) -> dict[str, Any]:
        """Train, validate after each epoch, test with the last weights.

        Returns:
            The record's sections.

        Raises:
            RsbenchError: the loss or a gradient is not finite.
        """
        started = time.perf_counter()
        self.samples.write("phase", {"phase": "train"})
        for epoch in range(math.ceil(self.steps / self.per_epoch)):
            train_loss = self._epoch(epoch)
            if self.compressor.trains and len(self.split.val):
                found = self._scores(self.split.val)
                self.validation.append({"epoch": epoch} | {k: found[k] for k in ("loss", "oa", "aa", "kappa")})
                done = {"steps_done": self.step, "train_loss": train_loss}
                self.samples.write("epoch", {**done, **self.validation[-1]})
            self._remember(train_loss, time.perf_counter() - started)
        train_s = time.perf_counter() - started
        return self._sections(train_s, self._accuracy())

    def _remember(self, train_loss: float, elapsed_s: float) -> None:
        """Keep what was reached after this epoch, for curves against steps, time and bytes."""
        last = self.validation[-1] if self.validation else {}
        entry: dict[str, Any] = {"step": self.step, "elapsed_s": elapsed_s}
        entry |= {"payload_bytes_total": self.tally.payload_bytes_total}
        entry |= {"lr": self.optimizer.param_groups[0]["lr"], "train_loss": train_loss}
        entry |= {"val_loss": last.get("loss"), "val_score": last.get("oa")}
        self.history.append(entry | {"density_per_tensor": self.tally.density_per_tensor})

    def _epoch(self, epoch: int) -> float:
        """One pass over the training images, or what is left of the run; returns the mean loss."""
        loader = self.batches.epoch(epoch)
        losses = []
        for _ in range(min(self.per_epoch, self.steps - self.step)):
            rate = learning_rate(self.cell, self.step, steps=self.steps, per_epoch=self.per_epoch)
            losses.append(self._step(loader, rate))
            self._note(epoch, losses[-1], rate)
            self.step += 1
        return sum(losses) / len(losses)

    def _step(self, loader: Iterator[tuple[torch.Tensor, torch.Tensor]], rate: float) -> float:
        """One optimizer step, timed phase by phase; returns this rank's loss."""
        cell, timer = self.cell, self.timer
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        timer.begin()
        images, labels = next(loader)
        timer.end_of("data")
        with torch.autocast(self.device.type, torch.bfloat16, enabled=cell.bf16):
            loss = self.loss_of(self.model(images), labels)
        timer.end_of("forward")
        _backward(loss, self.compressor)
        timer.end_of("backward")
        if cell.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), cell.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        timer.end_of("optimizer")
        timer.end_of("end")
        return self._finite(loss.item())

    def _finite(self, loss: float) -> float:
        """Return the loss, or stop a run that diverged; one that is not meant to train may.

        Raises:
            RsbenchError: the loss is inf or nan.
        """
        if self.compressor.trains and not math.isfinite(loss):
            raise RsbenchError(
                f"The loss became {loss} around step {self.step + 1}: training diverged; lower --lr (it was "
                f"{self.cell.lr:g}) or clip gradients with --clip-norm."
            )
        return loss

    def _note(self, epoch: int, loss: float, rate: float) -> None:
        """Count the step that just ended and append its raw sample."""
        times, stats = self.timer.times(self.compressor.hook.timeline), self.compressor.step_stats()
        changed = self.tally.add(stats, times)
        values = {"step": self.step, "epoch": epoch, "loss": loss, "lr": rate}
        values |= {"images": self.images_per_step, "payload_bytes": stats["payload_bytes"]}
        values["warmup"] = self.step < measure.skipped_steps(self.steps)
        self.samples.write("step", values | asdict(times))
        if changed:
            self.samples.write("density", {"step": self.step, "density": stats["density"]})

    def _scores(self, positions: NDArray[np.int64]) -> dict[str, Any]:
        """Average the buffers over the ranks and score the images of one part of the split."""
        evaluate.average_buffers(self.network, self.buffers)
        answers = evaluate.predict(
            self.network, self.pictures, positions, batch_size=2 * self.cell.batch_size, bf16=self.cell.bf16
        )
        self._finite(answers["loss"])
        return evaluate.scores(answers, len(self.scenes.class_names))

    def _accuracy(self) -> dict[str, Any] | None:
        """The record's section; None for a compressor that does not train."""
        if not self.compressor.trains:
            return None
        self.samples.write("phase", {"phase": "test"})
        last = self.validation[-1]["oa"] if self.validation else None
        scores = {"val": self.validation, "val_score": last, "test": self._scores(self.split.test)}
        return {**scores, "pictures": [], "baselines": {}}

    def _sections(self, train_s: float, accuracy: dict[str, Any] | None) -> dict[str, Any]:
        compressor = self.compressor
        return {
            "compressor": {
                "name": compressor.name,
                "text": compressor.text,
                "trains": compressor.trains,
                "matched": self.cell.ratio is not None,
            },
            "dataset": _dataset_section(self.scenes, self.split),
            "model": _model_section(self.cell.model, self.network),
            "traffic": {**self.tally.traffic(), "buffer_bytes": self.buffers.payload_bytes},
            "time": {**self.tally.time(self.images_per_step), "train_s": train_s},
            "accuracy": accuracy,
            "history": _thinned(self.history),
            "memory": _memory_section(self.device),
            "runtime": {
                "buckets": len(compressor.hook.timeline),
                "steps_per_epoch": self.per_epoch,
                "kernels": compressor.hook.kernels,
            },
        }


def _network(cell: CellSpec, classes: int, device: torch.device) -> nn.Module:
    """The cell's network with its initial weights, on the device."""
    network = models.build(cell.model, classes=classes, image_size=cell.image_size, weights=cell.weights).to(device)
    if cell.channels_last:
        network = network.to(memory_format=torch.channels_last)
    return network


def _backward(loss: torch.Tensor, compressor: Compressor) -> None:
    """Run the backward pass; what a hook's callback raised comes back as the hook raised it.

    Raises:
        RsbenchError: a gradient is not finite on some rank.
    """
    try:
        torch.autograd.backward(loss)
    except RuntimeError:
        if compressor.hook.failure is not None:
            raise compressor.hook.failure from None
        raise


def _thinned(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most 100 entries, evenly spread, the last among them."""
    if len(history) <= HISTORY_ENTRIES:
        return history
    kept = np.linspace(0, len(history) - 1, HISTORY_ENTRIES).round().astype(int)
    return [history[position] for position in kept]


def _dataset_section(scenes: Scenes, split: Split) -> dict[str, Any]:
    return {
        "name": scenes.name,
        "title": scenes.title,
        "task": "scenes",
        "classes": list(scenes.class_names),
        "train": len(split.train),
        "val": len(split.val),
        "test": len(split.test),
        "split": split.description,
        "fingerprint": scenes.fingerprint,
        "part": scenes.part,
        "synthetic": scenes.synthetic,
    }


def _model_section(name: str, network: nn.Module) -> dict[str, Any]:
    sizes = [(p.numel(), p.dim()) for p in network.parameters()]
    total = sum(n for n, _ in sizes)
    one_d = sum(n for n, dim in sizes if dim < 2)
    return {"name": name, "parameters": total, "one_d_elements": one_d, "dense_bytes": 4 * total}


def _memory_section(device: torch.device) -> dict[str, Any]:
    """Largest over the ranks."""
    cuda = measure.peak_cuda_bytes(device)
    peaks = torch.tensor([measure.peak_rss_bytes(), cuda or 0], dtype=torch.int64, device=device)
    dist.all_reduce(peaks, dist.ReduceOp.MAX)
    return {"peak_rss_bytes": int(peaks[0]), "peak_cuda_bytes": None if cuda is None else int(peaks[1])}
