"""A rank's place among the workers of a cell, and how it meets the others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

MEET_BY_ENVIRONMENT: Final = ""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A rank of a process group that is yet to be made.

    Attributes:
        rank: of all.
        world_size: how many ranks there are.
        local_rank: on this machine; it numbers the GPU.
        store: where the ranks meet: the path of a new file on one machine, ``host:port`` of a store on several, and
            nothing inside a torchrun, whose environment says it.
        listener: on several machines, the file descriptor that rank 0's store listens at, bound by the launcher; None
            on all other ranks.
    """

    rank: int
    world_size: int
    local_rank: int
    store: str = MEET_BY_ENVIRONMENT
    listener: int | None = None

    @classmethod
    def of_torchrun(cls, environment: Mapping[str, str] = os.environ) -> Member:
        """Return the place that a torchrun's environment names."""
        rank, size, local = (int(environment[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
        return cls(rank=rank, world_size=size, local_rank=local)

    def join(self, backend: str) -> None:
        """Make the default process group; returns when all ranks are there.

        Args:
            backend: ``gloo`` or ``nccl``.
        """
        import torch.distributed as dist  # late: start-up

        if self.store == MEET_BY_ENVIRONMENT:
            dist.init_process_group(backend)
        else:
            dist.init_process_group(backend, store=self._store(dist), rank=self.rank, world_size=self.world_size)

    def _store(self, dist: Any) -> Any:
        """Return torch's store: none of the two unpickles what stands in it."""
        if "/" in self.store:
            return dist.FileStore(self.store, self.world_size)
        host, _, port = self.store.rpartition(":")
        return dist.TCPStore(
            host,
            int(port),
            self.world_size,
            is_master=self.listener is not None,
            master_listen_fd=self.listener,
            wait_for_workers=False,
        )


def started_by_torchrun(environment: Mapping[str, str]) -> bool:
    """Tell whether this process was started by a torchrun (``RANK`` and ``WORLD_SIZE`` are set)."""
    return "RANK" in environment and "WORLD_SIZE" in environment


class Work(Protocol):
    """What a worker does with a folder."""

    def __call__(self, folder: Path, member: Member) -> None:
        """Do the work that stands ready in the folder."""
