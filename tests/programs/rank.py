"""What the programs of the tests share as ranks of a group: joining it, answering, and leaving it.

A process group lives for as long as a network that was wrapped for it, and one whose threads outlive Python aborts
the process ("terminate called without an active exception") now and then: every rank ends by :func:`leave`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.distributed as dist


def answer(find: Callable[[int, int], Any]) -> NoReturn:
    """Join the gloo group of the command line, ``RANK WORLD_SIZE STORE OUT``, and leave what was found there as JSON.

    Args:
        find: called with the rank and the number of ranks.
    """
    rank, workers, store, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=workers)
    out.write_text(json.dumps(find(rank, workers)))
    dist.barrier()
    leave()


def leave() -> NoReturn:
    """End this process at once, without Python's own end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
