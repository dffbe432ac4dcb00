"""One rank of ``rsbench bench``: exchanges made-up gradients of a model's shapes with every method, interleaved."""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook
from torch.nn.parallel import DistributedDataParallel

from rsbench.bench.plain_hooks import PlainTopK
from rsbench.compressors import Compressor, parse
from rsbench.compressors.base.compressor import BUCKET_CAP_MB
from rsbench.compressors.kernels.dispatch import choose_threshold_pass, kernels_in_use
from rsbench.planning import probe_worker

MOMENTUM = 0.9
WARMUP_STEPS = 25
"""Steps before the timed ones: the first has other buckets, and residuals grow fast in those that follow."""
TIMED_STEPS = 5
MEMORY_STEPS = 4
MEMORY_ROUNDS = 3
_ONE_BUCKET_MB = 1e6
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
        """The gradient that was given; nothing is computed."""
        return received[0], ctx.gradient, None


class Shapes(nn.Module):
    """A model's parameters; the backward pass only hands gradients over, last layer first."""

    def __init__(self, shapes: dict[str, list[int]]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.zeros(shape)))

    def forward(self, gradients: list[torch.Tensor]) -> torch.Tensor:
        """A number whose backward pass yields ``gradients``, one a parameter."""
        x = torch.zeros((), requires_grad=True)
        for parameter, gradient in zip(self.parameters(), gradients, strict=True):
            x = Given.apply(x, parameter, gradient)
        return x


def _rivals(density: float) -> dict[str, tuple[float, Callable[[DistributedDataParallel], Any]]]:
    """Name of the row -> (bucket cap in MiB, what registers the method and returns what counts its bytes or None)."""

    def plain(momentum: float) -> Callable[[DistributedDataParallel], Any]:
        def register(model: DistributedDataParallel) -> Any:
            hook = PlainTopK(density, momentum)
            model.register_comm_hook(None, hook.run)
            return hook

        return register

    def default(hook: Any) -> Callable[[DistributedDataParallel], None]:
        return lambda model: model.register_comm_hook(None, hook)

    def power(model: DistributedDataParallel) -> None:
        state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=1, start_powerSGD_iter=2)
        model.register_comm_hook(state, powerSGD_hook.powerSGD_hook)

    return {
        "plain DDP": (BUCKET_CAP_MB, lambda model: None),
        "PyTorch allreduce_hook": (BUCKET_CAP_MB, default(default_hooks.allreduce_hook)),
        "PyTorch fp16_compress_hook": (BUCKET_CAP_MB, default(default_hooks.fp16_compress_hook)),
        "PyTorch powerSGD_hook (1 bucket)": (_ONE_BUCKET_MB, power),
        "Top-k written plainly": (BUCKET_CAP_MB, plain(0.0)),
        "DGC written plainly": (BUCKET_CAP_MB, plain(MOMENTUM)),
    }


class Bench:
    """Times methods on one model's shapes.

    Args:
        shapes: tensor name -> shape.
        density: of all that select.
        compressors: texts of rsbench's rows.
        rivals: whether to time the others too (plain DDP always is).
    """

    def __init__(self, shapes: dict[str, list[int]], density: float, compressors: list[str], rivals: bool) -> None:
        self.module = Shapes(shapes)
        generator = torch.Generator().manual_seed(17 + dist.get_rank())
        self.gradients = [
            [torch.randn(p.shape, generator=generator) / max(1, p[0].numel()) ** 0.5 for p in self.module.parameters()]
            for _ in range(_GRADIENT_SETS)
        ]
        self.elements = sum(p.numel() for p in self.module.parameters())
        self._from, self._to = torch.ones(self.elements), torch.empty(self.elements)
        choose_threshold_pass("auto")  # what a compiler loads and takes is no method's
        every = _rivals(density)
        self.methods: dict[str, tuple[float, Any]] = every if rivals else {"plain DDP": every["plain DDP"]}
        for text in compressors:
            self.methods[text] = BUCKET_CAP_MB, self._registered(text, density)
        self.samples: dict[str, dict[str, list[float]]] = {name: {} for name in self.methods}

    def _registered(self, text: str, density: float) -> Callable[[DistributedDataParallel], Compressor]:
        def register(model: DistributedDataParallel) -> Compressor:
            compressor = parse(text)
            if compressor.matchable and not compressor.density_given:
                compressor = compressor.with_density(density)
            compressor.register(model)
            compressor.param_groups(model, lr=0.1, momentum=MOMENTUM)
            return compressor

        return register

    def run(self, repeats: int) -> Iterator[str]:
        """Time every method once in each repeat; yields the name of each method when it is done."""
        for _ in range(repeats):
            for name in self.methods:
                self._steps(name, WARMUP_STEPS, TIMED_STEPS)
                yield name

    def weigh(self) -> Iterator[str]:
        """Growth of resident memory to its peak, of each method that was given as an option; needs a fresh process."""
        for _ in range(MEMORY_ROUNDS):
            for name in self.methods:
                gc.collect()
                before = _memory_bytes("VmRSS")
                _reset_peak()
                self._steps(name, MEMORY_STEPS, 0)
                self.samples[name].setdefault("peak_bytes", []).append(float(_memory_bytes("VmHWM") - before))
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
        dist.barrier()
        start = time.perf_counter()
        self._to.copy_(self._from)
        found = {"exchange_s": elapsed_s, "copy_s": time.perf_counter() - start}
        if isinstance(method, Compressor):
            timeline = method.hook.timeline
            found["compress_s"] = sum(t.sent - t.start for t in timeline)
            found["decode_s"] = sum(t.decoded - t.arrived for t in timeline)
            found["payload_bytes"] = method.step_stats()["payload_bytes"]
        elif isinstance(method, PlainTopK):
            found["payload_bytes"] = method.payload_bytes
        for key, value in found.items():
            self.samples[name].setdefault(key, []).append(value)


def _memory_bytes(field: str) -> int:
    """A field of this process's ``/proc/self/status``; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)


def _reset_peak() -> None:
    """Let the peak of resident memory start anew (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def main() -> None:
    """``python -m rsbench.bench.worker JOB OUT`` under torchrun; rank 0 writes all ranks' samples to OUT."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    shapes = probe_worker.model_facts(
        task="scenes",
        model=job["model"],
        inputs={"classes": job["classes"]},
        image_size=job["image_size"],
        weights=None,
    )["networks"][""]
    bench = Bench(shapes, job["density"], job["compressors"], job["rivals"])
    for name in bench.run(job["repeats"]) if job["repeats"] else bench.weigh():
        if dist.get_rank() == 0:
            print(name, flush=True)
    every: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(every, bench.samples)
    if dist.get_rank() == 0:
        keeps = {text: parse(text).keeps_residual for text in job["compressors"]}
        content = {"elements": bench.elements, "ranks": every, "keeps_residual": keeps, "torch": torch.__version__}
        content["kernels"] = kernels_in_use("auto")
        Path(sys.argv[2]).write_text(json.dumps(content), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # a thread of gloo may outlive Python's own end
