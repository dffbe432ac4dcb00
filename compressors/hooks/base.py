"""What every DDP communication hook shares: steps, counting, times, state.

No ``from __future__ import annotations`` here: DDP refuses a hook (:meth:`Hook.run`) whose annotations are text.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors.hooks.fitness import trainable
from rsbench.errors import RsbenchError
from rsbench.measure.clock import Clock, clock_for
from rsbench.measure.collectives import Call, Traffic
from rsbench.measure.gather import gather_json

STATE_FORMAT = 2


def _is_dense(tensor: torch.Tensor) -> bool:
    """Return whether the strides cover the memory without gap or overlap, in which case DDP keeps them."""
    reach = sum((size - 1) * stride for size, stride in zip(tensor.size(), tensor.stride(), strict=True))
    return reach + 1 == tensor.numel()


def _since(cpu_s: float | None, clock: Clock) -> float | None:
    """Return the thread's CPU time since it was ``cpu_s``."""
    now = clock.cpu_s()
    return None if cpu_s is None or now is None else now - cpu_s


class BucketTimes:
    """Marks of one bucket's way through the hook, made by :mod:`rsbench.measure.clock`.

    Attributes:
        start: the hook is entered.
        sent: the hook returns; its collective is under way.
        arrived: the collective is done and the callback begins.
        decoded: the averaged gradient stands in the bucket.
        calls: collectives that the hook started.
        waits: pairs of marks between which the hook waited for one.
        compress_cpu_s: CPU time of the thread inside the hook; None where another device computes.
        decompress_cpu_s: the same inside the callback.
    """

    def __init__(self, start: Any) -> None:
        self.start = start
        self.sent: Any = None
        self.arrived: Any = None
        self.decoded: Any = None
        self.calls: list[Call] = []
        self.waits: list[tuple[Any, Any]] = []
        self.compress_cpu_s: float | None = None
        self.decompress_cpu_s: float | None = None


class Hook:
    """A DDP communication hook that knows its model's tensors by name and counts what it sends.

    Subclasses implement :meth:`exchange`. A step begins with the first bucket after one for which
    ``bucket.is_last()`` held. Callbacks run on threads of the process group.

    Attributes:
        names: ``id(parameter)`` -> name of each parameter that required a gradient at registration.
        step: steps finished so far.
        scaler: the GradScaler that scales the loss, None without one or while it is switched off: buckets are unscaled
            before :meth:`exchange` and scaled again after :meth:`finish`, without host synchronisation.
        timeline: times of the current (after ``backward()``: the last) step's buckets, in order.
        traffic: bytes of the current step.
        kernels: ``compiled`` loops or ``eager`` operations of torch.
    """

    kernels = "eager"

    def __init__(self, model: DistributedDataParallel, identity: str) -> None:
        self.identity = identity
        self.group = model.process_group
        self.workers = dist.get_world_size(self.group)
        self.rank = dist.get_rank(self.group)
        self._module, self._ignored = model.module, model.parameters_to_ignore
        self.parameters = trainable(model)
        self.names = {id(p): n for n, p in self.parameters.items()}
        self._numel = {n: p.numel() for n, p in self.parameters.items()}
        self._one_d = [n for n, p in self.parameters.items() if p.dim() < 2]
        self._strided = {id(p) for p in self.parameters.values() if not p.is_contiguous() and _is_dense(p)}
        self.device = next(iter(self.parameters.values())).device
        self.clock = clock_for(self.device)
        self.traffic = Traffic(self.workers, self.clock)
        self.timeline: list[BucketTimes] = []
        self.step = 0
        self.scaler: torch.amp.GradScaler | None = None
        self._scales: tuple[torch.Tensor, torch.Tensor] | None = None
        self._between_steps = True
        self._dense_bytes = 0
        self._refuse_other_ranks()
        self._failures: dict[int, RsbenchError] = {}

    def _refuse_other_ranks(self) -> None:
        """Refuse ranks of other options or shapes: their messages differ in size, and gloo would abort the process.

        Raises:
            RsbenchError: on every rank, when one has other options or another model.
        """
        mine = (self.identity, [tuple(p.shape) for p in self.parameters.values()])
        every = gather_json(mine, group=self.group)
        odd = [rank for rank, other in enumerate(every) if other != every[0]]
        if odd:
            raise RsbenchError(
                f"Rank {odd[0]} has another compressor or model than rank 0 ({every[odd[0]][0]} against {every[0][0]});"
                " give every rank the same."
            )

    # --- to be implemented -------------------------------------------------------------------------------------

    def exchange(self, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Start the exchange of a bucket; the future's value is :meth:`finish`'s argument."""
        raise NotImplementedError

    def finish(self, bucket: GradBucket, arrived: torch.Tensor) -> torch.Tensor:
        """Turn what arrived into the bucket's averaged gradient; no collective may start here."""
        raise NotImplementedError

    def begin_step(self) -> None:
        """Prepare a step, before its first bucket."""

    def densities(self) -> dict[str, float]:
        """Return tensor name -> share of its elements that the last step sent."""
        return dict.fromkeys(self.parameters, 1.0)

    def sent_bytes(self, name: str) -> int:
        """Return the payload bytes of a tensor in the last step; by default it is sent whole in its own dtype."""
        return int(self.parameters[name].nbytes)

    # --- the hook ----------------------------------------------------------------------------------------------

    def run(self, state: None, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Exchange a bucket; DDP calls this for each one, in the same order on all ranks."""
        times, cpu_s = BucketTimes(self.clock.mark()), self.clock.cpu_s()
        if self._between_steps:
            self._open_step()
        self.timeline.append(times)
        self._dense_bytes += bucket.buffer().numel() * bucket.buffer().element_size()
        finish = self._finisher(bucket, times)
        if self._scales is not None:
            bucket.buffer().mul_(self._scales[1])
        future = self.exchange(bucket)
        times.calls, times.waits = self.traffic.take()
        if bucket.is_last():
            self._between_steps = True
            self.step += 1
        times.compress_cpu_s = _since(cpu_s, self.clock)
        times.sent = self.clock.mark()
        return future.then(finish)

    def _open_step(self) -> None:
        self._between_steps = False
        self.timeline = []
        self.traffic.reset()
        self._dense_bytes = 0
        for name, parameter in self._module.named_parameters():
            if parameter.requires_grad and id(parameter) not in self.names and name not in self._ignored:
                raise RsbenchError(
                    f"Parameter {name!r} was unfrozen or added after DistributedDataParallel wrapped the model, so its "
                    "gradient would not be averaged; set requires_grad before wrapping, or wrap again."
                )
        self._scales = None
        if self.scaler is not None:
            scale = self.scaler.scale(torch.ones((), device=self.device))
            self._scales = scale, scale.double().reciprocal().to(scale.dtype)
        self.begin_step()

    def _finisher(
        self, bucket: GradBucket, times: BucketTimes
    ) -> Callable[[torch.futures.Future[torch.Tensor]], torch.Tensor]:
        def finish(future: torch.futures.Future[torch.Tensor]) -> torch.Tensor:
            value = future.value()
            times.arrived, cpu_s = self.clock.mark(), self.clock.cpu_s()
            try:
                averaged = self.finish(bucket, value[0] if isinstance(value, list) else value)
            except RsbenchError as error:
                self._failures[bucket.index()] = error
                raise
            if self._scales is not None:
                averaged.mul_(self._scales[0])
            times.decompress_cpu_s = _since(cpu_s, self.clock)
            times.decoded = self.clock.mark()
            return averaged

        return finish

    @property
    def failure(self) -> RsbenchError | None:
        """What :meth:`finish` raised, of the first bucket if of several; ``backward()`` wraps it in a RuntimeError."""
        return self._failures[min(self._failures)] if self._failures else None

    def tensors(self, bucket: GradBucket) -> list[tuple[str, torch.Tensor]]:
        """Return (name, gradient view) of a bucket's tensors; writing to a view writes to the bucket.

        DDP stores a gradient in its parameter's strides (channels-last, say) but hands out views as if it were
        contiguous, in which elements stand at other places; here each view has its parameter's strides.
        """
        return [
            (self.names[id(p)], g.as_strided(p.size(), p.stride(), g.storage_offset()) if id(p) in self._strided else g)
            for p, g in zip(bucket.parameters(), bucket.gradients(), strict=True)
        ]

    def backward(self, loss: torch.Tensor) -> None:
        """Run the backward pass of this hook's model; what a callback raised comes back as the hook raised it.

        Raises:
            RsbenchError: what is handed over is not finite on some rank.
        """
        try:
            torch.autograd.backward(loss)
        except RuntimeError:
            if self.failure is not None:
                raise self.failure from None
            raise

    # --- what users ask for ------------------------------------------------------------------------------------

    def step_stats(self) -> dict[str, Any]:
        """Return what :meth:`rsbench.compressors.base.compressor.Compressor.step_stats` says."""
        if not self.timeline:
            raise RsbenchError("No step has run with this compressor yet, so it has no step_stats().")
        density = self.densities()
        sent = sum(share * self._numel[name] for name, share in density.items())
        return {
            "payload_bytes": self.traffic.payload_bytes,
            "wire_bytes": round(self.traffic.wire_bytes),
            "dense_bytes": self._dense_bytes,
            "density": density,
            "mean_density": sent / sum(self._numel.values()),
            "buckets": len(self.timeline),
            "one_d_bytes": sum(map(self.sent_bytes, self._one_d)),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return plain numbers, text and tensors; subclasses add theirs."""
        return {
            "format": STATE_FORMAT,
            "compressor": self.identity,
            "world_size": self.workers,
            "rank": self.rank,
            "step": self.step,
            "shapes": {name: list(p.shape) for name, p in self.parameters.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :attr:`step`, unless :meth:`refuse_other_state` refuses."""
        self.refuse_other_state(state)
        self.step = int(state["step"])

    def refuse_other_state(self, state: Mapping[str, Any]) -> None:
        """Check a state before anything is changed.

        Raises:
            RsbenchError: it is of another compressor, world size, rank or model.
        """
        mine = self.state_dict()
        what = {
            "format": "state format",
            "compressor": "compressor configuration",
            "world_size": "world size",
            "rank": "rank",
        }
        for key, noun in what.items():
            if state.get(key) != mine[key]:
                raise RsbenchError(
                    f"The saved compressor state is of another {noun}: saved {state.get(key)!r}, here {mine[key]!r}; "
                    "resume with what it was saved with, or start without it."
                )
        if state["shapes"] != mine["shapes"]:
            wrong = next(
                n for n in [*mine["shapes"], *state["shapes"]] if mine["shapes"].get(n) != state["shapes"].get(n)
            )
            raise RsbenchError(
                f"The saved compressor state is of another model: tensor {wrong!r} has shape "
                f"{state['shapes'].get(wrong)} there and {mine['shapes'].get(wrong)} here."
            )
