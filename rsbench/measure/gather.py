"""What every rank says, on every rank: bytes and JSON, so that nothing that arrives is unpickled."""

from __future__ import annotations

import json
from typing import Any

import torch
import torch.distributed as dist

from rsbench.measure.older_torch import all_gather_single


def gather_bytes(mine: bytes, *, group: dist.ProcessGroup | None = None) -> list[bytes]:
    """Return the bytes of every rank, in rank order; a collective call.

    Args:
        mine: of any length, which may differ between ranks.
        group: None is the default group.
    """
    device = _device(group)
    workers = dist.get_world_size(group)
    sizes = torch.zeros(workers, dtype=torch.int64, device=device)
    all_gather_single(sizes, torch.tensor([len(mine)], device=device), group=group)
    longest = int(sizes.max())
    padded = torch.zeros(longest, dtype=torch.uint8, device=device)
    padded[: len(mine)] = torch.frombuffer(bytearray(mine or b"\0"), dtype=torch.uint8)[: len(mine)].to(device)
    every = torch.zeros(workers * longest, dtype=torch.uint8, device=device)
    all_gather_single(every, padded, group=group)
    rows = every.view(workers, longest).cpu().numpy()
    return [rows[rank, : int(size)].tobytes() for rank, size in enumerate(sizes.tolist())]


def gather_json(mine: Any, *, group: dist.ProcessGroup | None = None) -> list[Any]:
    """Return what JSON makes of every rank's value (tuples become lists), in rank order; a collective call."""
    return [json.loads(text) for text in gather_bytes(json.dumps(mine).encode(), group=group)]


def _device(group: dist.ProcessGroup | None) -> torch.device:
    """Return where the group's backend takes tensors."""
    if "nccl" in dist.get_backend(group):
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")
