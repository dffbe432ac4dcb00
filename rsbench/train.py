"""The training loop: one, the same for every compressor."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench import budget, evaluate, measure, models
from rsbench.batches import Pictures, TrainBatches
from rsbench.comm import Traffic
from rsbench.compressors import Compressor
from rsbench.datasets.scenes import Scenes
from rsbench.errors import RsbenchError
from rsbench.spec import CellSpec
from rsbench.tally import Tally


class Samples:
    """Appends raw samples to ``samples.jsonl`` on rank 0, flushed line by line; other ranks write nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("w", encoding="utf-8")

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append one line."""
        if self._file is not None:
            self._file.write(json.dumps({"kind": kind, **values}) + "\n")
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


def train(
    cell: CellSpec, compressor: Compressor, scenes: Scenes, device: torch.device, samples: Samples
) -> dict[str, Any]:
    """Train and evaluate one cell on this rank.

    Args:
        cell: what to run.
        compressor: with its density solved.
        scenes: decoded data.
        device: this rank's device.
        samples: raw samples.

    Returns:
        The record's sections ``dataset``, ``model``, ``compressor``, ``traffic``, ``time``, ``accuracy``, ``memory``.

    Raises:
        RsbenchError: the loss is not finite, or the data cannot be split as asked.
    """
    seed = derived_seed(cell.dataset, cell.seed)
    split = scenes.split(cell.split, seed)
    workers, rank, classes = dist.get_world_size(), dist.get_rank(), len(scenes.class_names)
    per_epoch = budget.steps_per_epoch(len(split.train), workers=workers, batch_size=cell.batch_size)
    steps = budget.total_steps(per_epoch, epochs=cell.epochs, max_steps=cell.max_steps)

    torch.manual_seed(seed)
    network = models.build(cell.model, classes=classes, image_size=cell.image_size, weights=cell.weights).to(device)
    if cell.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model = DistributedDataParallel(
        network,
        device_ids=[device.index] if device.type == "cuda" else None,
        bucket_cap_mb=cell.bucket_cap_mb,
        forward_sync_buffers=False,
        gradient_as_bucket_view=True,
    )
    compressor.register(model)
    groups = compressor.param_groups(network, lr=cell.lr, momentum=cell.momentum, weight_decay=cell.weight_decay)
    optimizer = torch.optim.SGD(groups)
    loss_of = nn.CrossEntropyLoss(label_smoothing=cell.label_smoothing)

    pictures = Pictures(scenes, device, channels_last=cell.channels_last)
    batches = TrainBatches(
        pictures, split.train, rank=rank, workers=workers, batch_size=cell.batch_size, steps=per_epoch, seed=seed
    )
    torch.manual_seed(seed + 104729 * (rank + 1))  # dropout: its own on each rank, the same for every compressor
    buffers, tally = Traffic(workers), Tally(workers)
    timer = measure.StepTimer(compressor.hook.clock)
    validation: list[dict[str, Any]] = []
    started, step = time.perf_counter(), 0

    samples.write("phase", {"phase": "train"})
    for epoch in range(math.ceil(steps / per_epoch)):
        loader = batches.epoch(epoch)
        losses: list[float] = []
        for _ in range(min(per_epoch, steps - step)):
            rate = learning_rate(cell, step, steps=steps, per_epoch=per_epoch)
            for group in optimizer.param_groups:
                group["lr"] = rate
            timer.begin()
            images, labels = next(loader)
            timer.end_of("data")
            with torch.autocast(device.type, torch.bfloat16, enabled=cell.bf16):
                loss = loss_of(model(images), labels)
            timer.end_of("forward")
            _backward(loss, compressor)
            timer.end_of("backward")
            if cell.clip_norm is not None:
                nn.utils.clip_grad_norm_(network.parameters(), cell.clip_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
            timer.end_of("optimizer")
            timer.end_of("end")
            losses.append(_finite(loss.item(), step, cell))
            times, stats = timer.times(compressor.hook.timeline), compressor.step_stats()
            changed = tally.add(stats, times)
            _write_step(samples, step, epoch, losses[-1], rate, stats, times, cell.batch_size * workers, steps)
            if changed:
                samples.write("density", {"step": step, "density": stats["density"]})
            step += 1
        if compressor.trains and len(split.val):
            evaluate.average_buffers(network, buffers)
            answers = evaluate.predict(network, pictures, split.val, batch_size=2 * cell.batch_size, bf16=cell.bf16)
            found = evaluate.scores(answers, classes)
            brief = {name: found[name] for name in ("loss", "oa", "aa", "kappa")}
            validation.append({"epoch": epoch, **brief})
            samples.write("epoch", {"steps_done": step, "train_loss": sum(losses) / len(losses), **validation[-1]})
    train_s = time.perf_counter() - started

    accuracy = None
    if compressor.trains:
        samples.write("phase", {"phase": "test"})
        evaluate.average_buffers(network, buffers)
        answers = evaluate.predict(network, pictures, split.test, batch_size=2 * cell.batch_size, bf16=cell.bf16)
        last = validation[-1]["oa"] if validation else None
        accuracy = {"val": validation, "val_oa": last, "test": evaluate.scores(answers, classes)}
    return {
        "compressor": {
            "name": compressor.name,
            "text": compressor.text,
            "trains": compressor.trains,
            "matched": cell.ratio is not None,
        },
        "dataset": _dataset_section(scenes, split),
        "model": _model_section(cell.model, network),
        "traffic": {**tally.traffic(), "buffer_bytes": buffers.payload_bytes},
        "time": {**tally.time(cell.batch_size * workers), "train_s": train_s},
        "accuracy": accuracy,
        "memory": _memory_section(device),
        "runtime": {"buckets": len(compressor.hook.timeline), "steps_per_epoch": per_epoch},
    }


def _finite(loss: float, step: int, cell: CellSpec) -> float:
    """Return the loss, or stop a run that diverged.

    Raises:
        RsbenchError: the loss is inf or nan.
    """
    if not math.isfinite(loss):
        raise RsbenchError(
            f"The loss became {loss} in step {step + 1}: training diverged; lower --lr (it was {cell.lr:g}) or clip "
            "gradients with --clip-norm."
        )
    return loss


def _backward(loss: torch.Tensor, compressor: Compressor) -> None:
    """Run the backward pass; what a hook's callback raised comes back as the hook raised it.

    Raises:
        RsbenchError: a gradient is not finite on some rank.
    """
    try:
        loss.backward()
    except RuntimeError:
        if compressor.hook.failure is not None:
            raise compressor.hook.failure from None
        raise


def _write_step(
    samples: Samples,
    step: int,
    epoch: int,
    loss: float,
    rate: float,
    stats: Mapping[str, Any],
    times: measure.StepTimes,
    images: int,
    steps: int,
) -> None:
    """Append the raw sample of one step."""
    values = {"step": step, "epoch": epoch, "loss": loss, "lr": rate, "images": images}
    values |= {"payload_bytes": stats["payload_bytes"], "warmup": step < measure.skipped_steps(steps)}
    samples.write("step", values | asdict(times))


def _dataset_section(scenes: Scenes, split: Any) -> dict[str, Any]:
    return {
        "name": scenes.name,
        "title": scenes.title,
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
