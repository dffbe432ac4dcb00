"""Ranks as threads of one process: a group of any size in milliseconds, for laws that need no network."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
import torch.distributed as dist
from torch.testing._internal.distributed import multi_threaded_pg as threaded

Found = TypeVar("Found")
_ONE_GROUP = threading.Lock()


def in_ranks(workers: int, work: Callable[[int], Found]) -> list[Found]:
    """Call some work once a rank, each in a thread with a process group of its own view, and return what each found.

    Args:
        workers: size of the group.
        work: called with the rank; may call what ``torch.distributed`` offers.

    Raises:
        Exception: the first that a rank raised; the others, which wait for it, end meanwhile.
    """

    def rank_of(rank: int) -> Found:
        dist.init_process_group("threaded", rank=rank, world_size=workers, store=store)
        try:
            return work(rank)
        except BaseException as error:
            threaded.ProcessLocalGroup.exception_handle(error)
            raise
        finally:
            dist.destroy_process_group()

    with _ONE_GROUP, ThreadPoolExecutor(workers) as threads:
        store = dist.HashStore()
        threaded.ProcessLocalGroup.reset()
        threaded._install_threaded_pg()
        torch._C._distributed_c10d._set_thread_isolation_mode(True)
        try:
            ranks = [threads.submit(rank_of, rank) for rank in range(workers)]
            raised = [error for one in ranks if (error := one.exception()) is not None]
            for error in sorted(raised, key=lambda error: isinstance(error, SystemExit)):
                raise error
            return [one.result() for one in ranks]
        finally:
            torch._C._distributed_c10d._set_thread_isolation_mode(False)
            threaded._uninstall_threaded_pg()
