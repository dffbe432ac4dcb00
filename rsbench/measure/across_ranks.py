"""What only all ranks together can tell of their training steps: skew, the kernel's bytes, and others' CPU time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
import torch.distributed as dist

from rsbench.kernel.byte_counters import Bytes, KernelBytes, counter
from rsbench.kernel.machine_load import cpu_time
from rsbench.links.wire import wire_bytes

_SUMS: Final = ("_sent", "_received", "_is_counted", "_own_s", "_busy_s", "_wall_s", "_is_busy_known")
"""Attributes of :class:`AcrossRanks` that add up windows."""


class AcrossRanks:
    """Sums over the windows in which steps run: an epoch's, without validation. All calls are collective.

    Args:
        device: where the process group takes tensors.
        bytes_counter: of this rank; by default what suits its environment.
    """

    def __init__(self, device: torch.device, bytes_counter: KernelBytes | None = None) -> None:
        self._device = device
        self._counter = bytes_counter or counter()
        self._workers = dist.get_world_size()
        self._sent = self._received = 0.0
        self._is_counted = True
        self._own_s = self._busy_s = self._wall_s = 0.0
        self._is_busy_known = True
        self._own_bytes = 0.0
        self.open()

    def open(self) -> None:
        """Begin a window."""
        self._bytes, self._cpu, self._own_bytes = self._counter.read(), cpu_time(), 0.0

    def largest(self, values: Sequence[float]) -> list[float]:
        """Return the largest of each value over all ranks; it does not count as bytes of a step."""
        found = self._reduced(values, dist.ReduceOp.MAX)
        self._own_bytes += wire_bytes("all_reduce", 8 * len(values), self._workers)
        return found

    def close(self, waits_s: Sequence[float]) -> list[float]:
        """End a window; return of each of its steps the part of this rank's waiting that was for the last rank.

        What the rank that waited least waited was for the link: it was the last to begin. No clocks are compared.

        Args:
            waits_s: how long this rank waited in each of its steps; all ranks have equally many.
        """
        cpu = cpu_time()
        least = self._reduced([*waits_s, 0.0], dist.ReduceOp.MIN)
        self._own_bytes += wire_bytes("all_reduce", 8 * len(least), self._workers)
        # All ranks are through with their steps now, so that all that was sent in them has arrived.
        self._add_bytes(Bytes(self._own_bytes, self._own_bytes))
        self._own_s += self._on_first_machine(cpu.own_s - self._cpu.own_s)
        self._wall_s += cpu.wall_s - self._cpu.wall_s
        if cpu.busy_s is None or self._cpu.busy_s is None:
            self._is_busy_known = False
        else:
            self._busy_s += cpu.busy_s - self._cpu.busy_s
        return [max(0.0, wait - shared) for wait, shared in zip(waits_s, least, strict=False)]

    def _add_bytes(self, of_this_module: Bytes) -> None:
        """Add what the kernel counted since the window began, as a mean over the ranks."""
        now = self._counter.read()
        known = now is not None and self._bytes is not None
        added = now.since(self._bytes).since(of_this_module) if known else Bytes(0.0, 0.0)  # type: ignore[union-attr, arg-type]
        sums = self._sum([added.sent, added.received, float(known)])
        self._sent += sums[0] / self._workers
        self._received += sums[1] / self._workers
        self._is_counted &= sums[2] == self._workers

    def _on_first_machine(self, own_s: float) -> float:
        """Return the CPU time of all ranks on rank 0's machine."""
        is_there = dist.get_rank() < ranks_here()
        return self._sum([own_s if is_there else 0.0])[0]

    def _sum(self, values: Sequence[float]) -> list[float]:
        return self._reduced(values, dist.ReduceOp.SUM)

    def _reduced(self, values: Sequence[float], by: Any) -> list[float]:
        reduced = torch.tensor(values, dtype=torch.float64, device=self._device)
        dist.all_reduce(reduced, by)
        found: list[float] = reduced.tolist()
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return the sums over the windows so far."""
        return {name: getattr(self, name) for name in _SUMS}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        for name in _SUMS:
            setattr(self, name, state[name])

    def traffic(self) -> dict[str, Any]:
        """Return the kernel's part of a record's ``traffic``: bytes a rank, mean over ranks, None where unknown."""
        counted = self._is_counted and self._workers > 1
        return {
            "wire_bytes_measured_total": max(0.0, self._sent) if counted else None,
            "wire_bytes_received_total": max(0.0, self._received) if counted else None,
            "wire_counter": self._counter.name if counted else None,
        }

    def machine(self) -> Mapping[str, Any]:
        """Return what a record's ``exchange`` says of rank 0's machine."""
        cores = os.cpu_count() or 1
        foreign = None
        if self._is_busy_known and self._wall_s > 0:
            foreign = min(1.0, max(0.0, (self._busy_s - self._own_s) / (cores * self._wall_s)))
        return {"foreign_share": foreign, "cores": cores, "ranks_here": ranks_here()}


def ranks_here() -> int:
    """Return how many ranks are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", dist.get_world_size()))
