"""One rank of ``rsbench bench``: exchanges made-up gradients of a model's shapes with one row's method."""

import gc
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.bench.folder import BenchFolder
from rsbench.bench.methods import bucket_cap_mb, register
from rsbench.bench.other_tree import use_tree
from rsbench.bench.rows import Row
from rsbench.launch.member import Member
from rsbench.measure import memory
from rsbench.measure.gather import gather_json
from rsbench.measure.heartbeat import beat

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


@dataclass
class Samples:
    """What one rank saw: name of a number -> its values, one a step.

    Attributes:
        numbers: ``exchange_s``, ``copy_s``, those of the method, and ``peak_bytes``.
    """

    numbers: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **values: float) -> None:
        """Note values of one step."""
        for name, value in values.items():
            self.numbers.setdefault(name, []).append(value)


class Bench:
    """Steps of one row on one model's shapes.

    Args:
        shapes: tensor name -> shape.
        row: whose method is registered.
        bucket_views: let gradients be views of DDP's buckets.
        compiled: whether numba works here.
    """

    def __init__(self, shapes: dict[str, list[int]], row: Row, *, bucket_views: bool, compiled: bool) -> None:
        self.row, self._bucket_views, self._compiled = row, bucket_views, compiled
        self.module = Shapes(shapes)
        generator = torch.Generator().manual_seed(17 + dist.get_rank())
        self.gradients = [
            [torch.randn(p.shape, generator=generator) / max(1, p[0].numel()) ** 0.5 for p in self.module.parameters()]
            for _ in range(_GRADIENT_SETS)
        ]
        self.elements = sum(p.numel() for p in self.module.parameters())
        self._from, self._to = torch.ones(self.elements), torch.empty(self.elements)
        self.samples = Samples()

    def time_steps(self) -> None:
        """Time steps after the first ones, each with a copy of the same bytes after it."""
        self._steps(WARMUP_STEPS, TIMED_STEPS)

    def measure_memory(self) -> None:
        """Measure how far resident memory grows to its peak while the method is built and runs."""
        gc.collect()
        before = memory.resident_bytes()
        memory.reset_peaks()
        self._steps(MEMORY_STEPS, 0)
        self.samples.add(peak_bytes=float(memory.peak_resident_bytes() - before))

    def _steps(self, untimed: int, timed: int) -> None:
        model = DistributedDataParallel(
            self.module, bucket_cap_mb=bucket_cap_mb(self.row), gradient_as_bucket_view=self._bucket_views
        )
        tell = register(self.row, model, compiled=self._compiled)
        for step in range(untimed + timed):
            beat("make a step")
            self.module.zero_grad()
            loss = model(self.gradients[step % _GRADIENT_SETS])
            dist.barrier()
            start = time.perf_counter()
            loss.backward()
            elapsed_s = time.perf_counter() - start
            if step >= untimed:
                dist.barrier()
                start = time.perf_counter()
                self._to.copy_(self._from)
                self.samples.add(exchange_s=elapsed_s, copy_s=time.perf_counter() - start, **tell())


def time_steps(folder: Path, member: Member) -> None:
    """Time the steps that ``job.json`` asks for; rank 0 leaves the samples of all in ``times.json``."""
    _serve(folder, member, Bench.time_steps)


def measure_memory(folder: Path, member: Member) -> None:
    """Measure the memory of what ``job.json`` asks for; rank 0 leaves the samples of all in ``times.json``."""
    _serve(folder, member, Bench.measure_memory)


def _serve(folder: Path, member: Member, work: Any) -> None:
    order = json.loads(BenchFolder(folder).job.read_text(encoding="utf-8"))
    row = Row(**order["row"])
    use_tree(order["path"])
    torch.set_num_threads(row.threads)
    member.join("gloo")
    kernels = _loaded_kernels()
    bench = Bench(order["shapes"], row, bucket_views=order["bucket_views"], compiled=kernels == "compiled")
    work(bench)
    ranks = gather_json(bench.samples.numbers)
    if member.rank == 0:
        answer = {"ranks": ranks, "elements": bench.elements, "torch": torch.__version__, "kernels": kernels}
        BenchFolder(folder).times.write_text(json.dumps(answer), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()


def _loaded_kernels() -> str:
    """Return ``compiled`` or ``eager``; compiled loops are loaded here, since what that takes is no method's."""
    try:
        from rsbench.compressors.kernels.dispatch import kernels_in_use  # late: perhaps another tree's
    except ImportError:  # a tree that keeps them elsewhere loads them in the steps that are not timed
        return ""
    return kernels_in_use("auto")
