"""Part e: ``ucm21`` with VGG-19 at 224 px in bfloat16 by the main job; without its packages by a plain loop."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from findings import hold
from going_on import goes_on
from handed import MOMENTUM
from machine import missing_packages
from place import Place, run_part
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.measure.older_torch import no_buffer_sync

METHODS = ("none", "rsdgc:density=0.01")
CLASSES = 21
DATA = os.environ.get("UCM_ROOT", "")
"""The folder above ``UCMerced_LandUse``; without it pictures are generated."""


@dataclass(frozen=True)
class Size:
    """How large the cell is.

    Attributes:
        model: of the main job.
        image_size: in pixels.
        batch_size: samples a step.
        per_class: generated pictures of a class.
        side: of generated pictures, in pixels.
        epochs: passes over the training samples.
    """

    model: str
    image_size: int
    batch_size: int
    per_class: int
    side: int
    epochs: int


FULL = Size("vgg19", 224, 32, 30, 256, 4)
SMALL = Size("smallvgg", 32, 8, 6, 32, 2)


def by_main_job(place: Place, size: Size, folder: Path) -> str:
    """Run both methods as a user would; return what the records say."""
    root = Path(DATA) if DATA else folder / "data"
    if not DATA:
        from scenes import write_scenes

        write_scenes(root, per_class=size.per_class, side=size.side)
    out = folder / "results"
    command = [sys.executable, "-m", "rsbench", "compare", "--dataset", "ucm21", "--data-root", str(root)]
    command += ["--out", str(out), "--model", size.model, "--image-size", str(size.image_size), "--bf16"]
    command += ["--batch-size", str(size.batch_size), "--epochs", str(size.epochs), "--max-steps", "60"]
    command += ["--split", "60/10/30", "--lr", "0.01"]
    command += ["--gpus", "1"] if place.on_gpu else ["--workers", "1", "--device", "cpu"]
    command += [word for text in METHODS for word in ("--compressor", text)]
    environment = {**os.environ, "RSBENCH_CACHE": str(folder / "cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    records = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(out.glob("cells/*/record.json"))]
    for record in records:
        _keep(place, record)
    statuses = [record["status"] for record in records]
    last = " ".join((done.stdout + done.stderr).split()[-60:])
    hold(done.returncode == 0 and statuses == ["done"] * len(METHODS), f"{statuses}: {last}")
    return f"main job, {size.model}, {'UC Merced' if DATA else 'synthetic pictures'}, {size.image_size} px, bf16"


def _keep(place: Place, record: dict[str, Any]) -> None:
    """Keep the numbers of a record that a reader compares."""
    if record["status"] != "done":
        return
    text, seconds = record["cell"]["compressor"], record["time"]
    place.findings.figure("step", text, 1e3 * seconds["step_time_s"], "ms")
    for part in ("data", "forward", "backward", "compress", "wait", "decompress", "optimizer"):
        place.findings.figure(part, text, 1e3 * seconds[f"{part}_s"], "ms")
    place.findings.figure("compression ratio", text, record["traffic"]["compression_ratio"], "x")
    losses = [entry["train_loss"] for entry in record["history"]]
    place.findings.figure("loss of the first epoch", text, losses[0], "")
    place.findings.figure("loss of the last epoch", text, losses[-1], "")
    if record["memory"]["peak_cuda_bytes"]:
        place.findings.figure("peak memory", text, record["memory"]["peak_cuda_bytes"] / 2**20, "MiB")


def vgg(widths: tuple[tuple[int, int], ...], hidden: int, side: int) -> nn.Sequential:
    """Build a VGG of stages (width, convolutions) for pictures of so many pixels, as torchvision does."""
    layers: list[nn.Module] = []
    inputs = 3
    for width, times in widths:
        for _ in range(times):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = width
        layers.append(nn.MaxPool2d(2))
    features = inputs * (side >> len(widths)) ** 2
    head = [nn.Linear(features, hidden), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(hidden, hidden)]
    network = nn.Sequential(
        *layers, nn.Flatten(), *head, nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(hidden, CLASSES)
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


def by_plain_loop(place: Place, size: Size, text: str, steps: int) -> str:
    """Train on pictures of one colour a class, in memory, under autocast."""
    torch.manual_seed(1)
    stages = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)) if place.on_gpu else ((16, 1), (32, 1))
    network = vgg(stages, 4096 if place.on_gpu else 64, size.image_size).to(place.device)
    model = DistributedDataParallel(network, gradient_as_bucket_view=True, **no_buffer_sync())
    compressor = parse(text)
    compressor.register(model)
    optimizer = torch.optim.SGD(compressor.param_groups(network, lr=0.01, momentum=MOMENTUM, weight_decay=5e-4))
    rng = torch.Generator(place.device).manual_seed(place.rank)
    shape = (size.batch_size, 3, size.image_size, size.image_size)
    losses, times = [], []
    for _ in range(steps):
        y = torch.randint(CLASSES, shape[:1], generator=rng, device=place.device)
        x = torch.randn(shape, generator=rng, device=place.device) + y.view(-1, 1, 1, 1) / 5 - 2
        place.synchronize()
        started = time.perf_counter()
        with torch.autocast(place.device.type, torch.bfloat16):
            loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        place.synchronize()
        times.append(1e3 * (time.perf_counter() - started))
        losses.append(loss.item())
    place.findings.figure("step", text, statistics.median(times[steps // 2 :]), "ms")
    place.findings.figure("loss of the first step", text, losses[0], "")
    place.findings.figure("loss of the last step", text, losses[-1], "")
    hold(all(map(math.isfinite, losses)), "the loss is not finite")
    return f"plain loop, made-up pictures, {size.image_size} px, bf16; kernels {compressor.hook.kernels}"


def train(place: Place) -> None:
    """Train with the main job, or with the plain loop where packages are missing."""
    size = FULL if place.on_gpu else SMALL
    lacks = missing_packages()
    if not lacks:
        with tempfile.TemporaryDirectory() as folder:
            place.findings.law("trained", " and ".join(METHODS), lambda: by_main_job(place, size, Path(folder)))
        with tempfile.TemporaryDirectory() as other:
            place.findings.law("goes on", "dgc:density=0.01", lambda: goes_on(place, Path(other)))
        return
    place.findings.skipped("main job", "rsbench compare", f"packages are missing: {', '.join(lacks)}")
    for text in METHODS:
        place.findings.law("trained", text, lambda text=text: by_plain_loop(place, size, text, 12))  # type: ignore[misc]


if __name__ == "__main__":
    run_part(train)
