"""Collectives that count: payload bytes are what this rank hands to a collective, counted at the call."""

from __future__ import annotations

import threading

import torch
import torch.distributed as dist

from rsbench.links.wire import wire_bytes
from rsbench.measure.older_torch import all_gather_single

Group = dist.ProcessGroup | None


class Traffic:
    """Bytes handed to collectives since the last :meth:`reset`; safe to use from several threads.

    Attributes:
        payload_bytes: sum of the buffers handed over by this rank.
        wire_bytes: modelled bytes on the wire, by each collective's formula (:mod:`rsbench.links.wire`).
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Start counting from zero."""
        with self._lock:
            self.payload_bytes = 0
            self.wire_bytes = 0.0

    def count(self, op: str, buffer: torch.Tensor) -> None:
        """Count one collective on ``buffer``."""
        size = buffer.numel() * buffer.element_size()
        with self._lock:
            self.payload_bytes += size
            self.wire_bytes += wire_bytes(op, size, self._workers)


def _begun(work: dist.Work | None) -> dist.Work:
    if work is None:
        raise RuntimeError("torch.distributed gave no handle for an asynchronous collective")
    return work


def all_reduce(buffer: torch.Tensor, traffic: Traffic, group: Group) -> torch.futures.Future[torch.Tensor]:
    """Sum ``buffer`` over the ranks in place, asynchronously; the future holds ``[buffer]``."""
    traffic.count("all_reduce", buffer)
    return _begun(dist.all_reduce(buffer, group=group, async_op=True)).get_future()


def all_gather(
    message: torch.Tensor, into: torch.Tensor, traffic: Traffic, group: Group
) -> torch.futures.Future[torch.Tensor]:
    """Gather equally long 1-D messages, shape [L] -> ``into`` of shape [W * L], asynchronously."""
    traffic.count("all_gather", message)
    return _begun(all_gather_single(into, message, group=group, async_op=True)).get_future()


def broadcast(buffer: torch.Tensor, traffic: Traffic, group: Group) -> None:
    """Send ``buffer`` from rank 0 of the group to all, and wait."""
    start_broadcast(buffer, traffic, group, source=0).wait()


def start_broadcast(buffer: torch.Tensor, traffic: Traffic, group: Group, *, source: int) -> dist.Work:
    """Send ``buffer`` from rank ``source`` of the group to all, asynchronously; wait for what is returned."""
    traffic.count("broadcast", buffer)
    return _begun(dist.broadcast(buffer, group=group, group_src=source, async_op=True))


def both(
    first: torch.futures.Future[torch.Tensor], second: torch.futures.Future[torch.Tensor]
) -> torch.futures.Future[torch.Tensor]:
    """Return a future that is done when both are, and holds what the first holds."""

    def held(done: torch.futures.Future[list[torch.futures.Future[torch.Tensor]]]) -> torch.Tensor:
        value, _ = (future.wait() for future in done.value())
        return value

    return torch.futures.collect_all([first, second]).then(held)
