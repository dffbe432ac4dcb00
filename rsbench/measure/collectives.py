"""Collectives that count: payload bytes are what this rank hands to a collective, counted at the call."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from rsbench.links.wire import wire_bytes
from rsbench.measure.clock import Clock
from rsbench.measure.older_torch import all_gather_single

Group = dist.ProcessGroup | None


Handle = dist.Work | torch.futures.Future[torch.Tensor]
"""What a collective that was started gives to wait for."""


@dataclass(kw_only=True)
class Call:
    """One collective that was started.

    Attributes:
        op: its name, as :data:`rsbench.links.wire.WIRE_FORMULAS` knows it.
        payload_bytes: the buffer handed over by this rank.
        workers: ranks that take part.
        blocking: whether a hook waited for it before it went on.
    """

    op: str
    payload_bytes: int
    workers: int
    blocking: bool = False


class Traffic:
    """Bytes handed to collectives since the last :meth:`reset`; safe to use from several threads.

    Args:
        workers: world size W.
        clock: marks waits; None marks none.

    Attributes:
        payload_bytes: sum of the buffers handed over by this rank, or of what counts in their place.
        wire_bytes: modelled bytes on the wire, by each collective's formula (:mod:`rsbench.links.wire`).
    """

    def __init__(self, workers: int, clock: Clock | None = None) -> None:
        self._workers, self._clock = workers, clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Start counting from zero."""
        with self._lock:
            self.payload_bytes = 0
            self.wire_bytes = 0.0
            self._calls: list[Call] = []
            self._waits: list[tuple[Any, Any]] = []
            self._under_way: list[tuple[Handle, Call]] = []

    def count(
        self, op: str, buffer: torch.Tensor, workers: int | None = None, counted_bytes: int | None = None
    ) -> Call:
        """Count one collective on ``buffer``; return what was noted of it.

        Args:
            op: its name.
            buffer: that this rank hands over.
            workers: ranks that take part; None for all.
            counted_bytes: what counts as payload where it is not the buffer's bytes.
        """
        size = buffer.numel() * buffer.element_size()
        call = Call(op=op, payload_bytes=size, workers=self._workers if workers is None else workers)
        with self._lock:
            self.payload_bytes += size if counted_bytes is None else counted_bytes
            self.wire_bytes += wire_bytes(op, size, call.workers)
            self._calls.append(call)
        return call

    def started(self, call: Call, handle: Handle) -> None:
        """Note by what a collective can be waited for in this step."""
        with self._lock:
            self._under_way.append((handle, call))

    def waited(self, handle: Handle, begin: Any, end: Any) -> None:
        """Note that a hook waited for a collective, from one mark to another."""
        with self._lock:
            self._waits.append((begin, end))
            for other, call in self._under_way:
                if other is handle:
                    call.blocking = True

    def mark(self) -> Any:
        """Return a mark of now, None without a clock."""
        return None if self._clock is None else self._clock.mark()

    def take(self) -> tuple[list[Call], list[tuple[Any, Any]]]:
        """Return what was started and the marks of what was waited for since the last :meth:`take` or reset."""
        with self._lock:
            calls, waits = self._calls, self._waits
            self._calls, self._waits = [], []
        return calls, waits


def wait(handle: Handle, traffic: Traffic) -> None:
    """Wait for a collective inside a hook; that time is booked as waiting, not as compressing.

    The only door: what waits in another way is booked as the hook's own work.
    """
    begin = traffic.mark()
    handle.wait()
    traffic.waited(handle, begin, traffic.mark())


def _begun(work: dist.Work | None) -> dist.Work:
    if work is None:
        raise RuntimeError("torch.distributed gave no handle for an asynchronous collective")
    return work


def _future(call: Call, work: dist.Work | None, traffic: Traffic) -> torch.futures.Future[torch.Tensor]:
    future: torch.futures.Future[torch.Tensor] = _begun(work).get_future()
    traffic.started(call, future)
    return future


def all_reduce(
    buffer: torch.Tensor, traffic: Traffic, group: Group, *, counted_bytes: int | None = None
) -> torch.futures.Future[torch.Tensor]:
    """Sum ``buffer`` over the ranks in place, asynchronously; the future holds ``[buffer]``."""
    call = traffic.count("all_reduce", buffer, dist.get_world_size(group), counted_bytes)
    return _future(call, dist.all_reduce(buffer, group=group, async_op=True), traffic)


def all_gather(
    message: torch.Tensor, into: torch.Tensor, traffic: Traffic, group: Group, *, counted_bytes: int | None = None
) -> torch.futures.Future[torch.Tensor]:
    """Gather equally long 1-D messages, shape [L] -> ``into`` of shape [W * L], asynchronously."""
    call = traffic.count("all_gather", message, dist.get_world_size(group), counted_bytes)
    return _future(call, all_gather_single(into, message, group=group, async_op=True), traffic)


def all_to_all(
    messages: torch.Tensor, sizes: Sequence[int], into: torch.Tensor, traffic: Traffic, group: Group
) -> torch.futures.Future[torch.Tensor]:
    """Send each rank its piece of ``messages``, asynchronously.

    Args:
        messages: the pieces one after the other, 1-D.
        sizes: of the pieces in elements, rank by rank, the same on all ranks.
        into: where the W pieces for this rank arrive in the order of the ranks, each as long as the others.
        traffic: counts it.
        group: of the ranks.
    """
    workers = dist.get_world_size(group)
    call = traffic.count("all_to_all", messages, workers)
    arriving = [into.numel() // workers] * workers
    work = dist.all_to_all_single(into, messages, arriving, list(sizes), group=group, async_op=True)
    return _future(call, work, traffic)


def broadcast(buffer: torch.Tensor, traffic: Traffic, group: Group) -> None:
    """Send ``buffer`` from rank 0 of the group to all, and wait."""
    wait(start_broadcast(buffer, traffic, group, source=0), traffic)


def start_broadcast(buffer: torch.Tensor, traffic: Traffic, group: Group, *, source: int) -> dist.Work:
    """Send ``buffer`` from rank ``source`` of the group to all, asynchronously; :func:`wait` for what is returned."""
    call = traffic.count("broadcast", buffer)
    work = _begun(dist.broadcast(buffer, group=group, group_src=source, async_op=True))
    traffic.started(call, work)
    return work


def both(
    first: torch.futures.Future[torch.Tensor], second: torch.futures.Future[torch.Tensor]
) -> torch.futures.Future[torch.Tensor]:
    """Return a future that is done when both are, and holds what the first holds."""

    def held(done: torch.futures.Future[list[torch.futures.Future[torch.Tensor]]]) -> torch.Tensor:
        value, _ = (future.wait() for future in done.value())
        return value

    return torch.futures.collect_all([first, second]).then(held)
