"""One rank of ``rsbench bench``: exchanges made-up gradients of a model's shapes with every method, interleaved."""

import gc
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.bench.folder import BenchFolder
from rsbench.bench.plain_hooks import MOMENTUM, PlainTopK, plain_hooks
from rsbench.bench.table import REFERENCE
from rsbench.compressors import Compressor, parse
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.compressors.kernels.dispatch import choose_threshold_pass, kernels_in_use
from rsbench.launch.member import Member
from rsbench.measure import memory
from rsbench.measure.gather import gather_json

WARMUP_STEPS = 25
"""Steps before the timed ones: the first has other buckets, and residuals grow fast in those that follow."""
TIMED_STEPS = 5
MEMORY_STEPS = 4
_GRADIENT_SETS = 2


class Given(torch.autograd.Function):
    """Passes its input on; in backward hands its parameter a gradient that was made before."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, parameter: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """Return ``x``, as a new tensor."""
        ctx.gradient = gradient
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *received: torch.Tensor) -> Any:
        """Return the gradient that was given; nothing is computed."""
        return received[0], ctx.gradient, None


class Shapes(nn.Module):
    """A model's parameters; the backward pass only hands gradients over, last layer first."""

    def __init__(self, shapes: dict[str, list[int]]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.zeros(shape)))

    def forward(self, gradients: list[torch.Tensor]) -> torch.Tensor:
        """Return a number whose backward pass yields ``gradients``, one a parameter."""
        x = torch.zeros((), requires_grad=True)
        for parameter, gradient in zip(self.parameters(), gradients, strict=True):
            x = Given.apply(x, parameter, gradient)
        return x


def _register(text: str, density: float, model: DistributedDataParallel) -> Compressor:
    compressor = parse(text)
    if compressor.matchable and not compressor.density_given:
        compressor = compressor.with_density(density)
    compressor.register(model)
    compressor.param_groups(model, lr=0.1, momentum=MOMENTUM)
    return compressor


class Bench:
    """Times methods on one model's shapes.

    Args:
        shapes: tensor name -> shape.
        density: of all that select.
        compressors: texts of rsbench's rows.
        against_all: time all plain hooks beside them, not plain DDP alone.
    """

    def __init__(self, shapes: dict[str, list[int]], density: float, compressors: list[str], against_all: bool) -> None:
        self.module = Shapes(shapes)
        generator = torch.Generator().manual_seed(17 + dist.get_rank())
        self.gradients = [
            [torch.randn(p.shape, generator=generator) / max(1, p[0].numel()) ** 0.5 for p in self.module.parameters()]
            for _ in range(_GRADIENT_SETS)
        ]
        self.elements = sum(p.numel() for p in self.module.parameters())
        self._from, self._to = torch.ones(self.elements), torch.empty(self.elements)
        choose_threshold_pass("auto")  # what a compiler loads and takes is no method's
        self.methods: dict[str, tuple[float, Any]] = plain_hooks(density)
        if not against_all:
            self.methods = {REFERENCE: self.methods[REFERENCE]}
        for text in compressors:
            self.methods[text] = BUCKET_CAP_MB, partial(_register, text, density)
        self.samples: dict[str, dict[str, list[float]]] = {name: {} for name in self.methods}

    def run(self, repeats: int) -> Iterator[str]:
        """Time every method once in each repeat; yield each method's name when it is done."""
        for _ in range(repeats):
            for name in self.methods:
                self._steps(name, WARMUP_STEPS, TIMED_STEPS)
                yield name

    def measure_memory(self, rounds: int) -> Iterator[str]:
        """Measure how far resident memory grows to its peak with each method, in a fresh process; yield as above."""
        for _ in range(rounds):
            for name in self.methods:
                gc.collect()
                before = memory.resident_bytes()
                memory.reset_peaks()
                self._steps(name, MEMORY_STEPS, 0)
                self.samples[name].setdefault("peak_bytes", []).append(float(memory.peak_resident_bytes() - before))
                yield name

    def _steps(self, name: str, untimed: int, timed: int) -> None:
        cap, register = self.methods[name]
        model = DistributedDataParallel(self.module, bucket_cap_mb=cap, gradient_as_bucket_view=True)
        method = register(model)
        for step in range(untimed + timed):
            self.module.zero_grad()
            loss = model(self.gradients[step % _GRADIENT_SETS])
            dist.barrier()
            start = time.perf_counter()
            loss.backward()
            elapsed = time.perf_counter() - start
            if step >= untimed:
                self._note(name, method, elapsed)
        self.module.zero_grad()

    def _note(self, name: str, method: Any, elapsed_s: float) -> None:
        """Keep the numbers of the step that just ended, and those of a copy beside it."""
        dist.barrier()
        start = time.perf_counter()
        self._to.copy_(self._from)
        numbers = {"exchange_s": elapsed_s, "copy_s": time.perf_counter() - start}
        if isinstance(method, Compressor):
            timeline = method.hook.timeline
            numbers["compress_s"] = sum(t.sent - t.start for t in timeline)
            numbers["decode_s"] = sum(t.decoded - t.arrived for t in timeline)
            numbers["payload_bytes"] = method.step_stats()["payload_bytes"]
        elif isinstance(method, PlainTopK):
            numbers["payload_bytes"] = method.payload_bytes
        for key, value in numbers.items():
            self.samples[name].setdefault(key, []).append(value)


def bench(folder: Path, member: Member) -> None:
    """Do what ``job.json`` asks; rank 0 tells each method in ``progress`` and leaves all samples in ``times.json``."""
    job = json.loads(BenchFolder(folder).job.read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    member.join("gloo")
    timed = Bench(job["shapes"], job["density"], job["compressors"], job["plain_hooks"])
    rounds = job.get("memory_rounds")
    with BenchFolder(folder).progress.open("a", encoding="utf-8") as progress:
        for name in timed.measure_memory(rounds) if rounds else timed.run(job["repeats"]):
            if member.rank == 0:
                print(name, file=progress, flush=True)
    samples = gather_json(timed.samples)
    if member.rank == 0:
        keeps = {text: parse(text).keeps_residual for text in job["compressors"]}
        content = {"elements": timed.elements, "ranks": samples, "keeps_residual": keeps, "torch": torch.__version__}
        content["kernels"] = kernels_in_use("auto")
        BenchFolder(folder).times.write_text(json.dumps(content), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()
