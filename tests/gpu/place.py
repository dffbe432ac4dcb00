"""Where a part runs: its rank, its group, its device, and the file of its findings."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from findings import Findings


@dataclass(frozen=True)
class Place:
    """One rank of a part.

    Attributes:
        rank: of all.
        workers: how many there are; on a GPU they share it.
        device: of all tensors.
        findings: of this rank.
    """

    rank: int
    workers: int
    device: torch.device
    findings: Findings

    @property
    def on_gpu(self) -> bool:
        """Whether this is the check proper, not its small version on a CPU."""
        return self.device.type == "cuda"

    def synchronize(self) -> None:
        """Wait for the device."""
        if self.on_gpu:
            torch.cuda.synchronize()


def run_part(part: Callable[[Place], None]) -> None:
    """Join the other ranks that the command line tells of, and run a part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--backend", default="gloo")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--store", required=True)
    parser.add_argument("--findings", type=Path, required=True)
    told = parser.parse_args()
    device = torch.device(told.device)
    if device.type == "cuda":
        device = torch.device("cuda", 0)
        torch.cuda.set_device(device)
    else:
        torch.set_num_threads(1)
    dist.init_process_group(
        told.backend,
        init_method=f"file://{told.store}",
        rank=told.rank,
        world_size=told.workers,
        timeout=datetime.timedelta(seconds=60),
    )
    part(Place(told.rank, told.workers, device, Findings(told.findings)))
    dist.barrier()
    dist.destroy_process_group()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a network that is still there keeps its group's threads, which may abort Python's own end
