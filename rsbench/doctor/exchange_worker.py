"""One of two processes that exchange tensors by all-reduce, for ``rsbench doctor``.

``python -m rsbench.doctor.exchange_worker BACKEND RANK STORE``; rank 0 prints the times as JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from datetime import timedelta

import torch
import torch.distributed as dist

SIZES_BYTES = (4, 2**24)
"""Payloads: the first is all latency, the second nearly all bandwidth."""
REPEATS = {4: 20, 2**24: 5}


def measure(device: torch.device, size_bytes: int) -> float:
    """Return the median seconds of an all-reduce.

    Raises:
        RuntimeError: the sum is wrong.
    """
    times_s = []
    for _ in range(REPEATS[size_bytes] + 1):
        tensor = torch.full((size_bytes // 4,), float(dist.get_rank() + 1), device=device)
        dist.barrier()
        start_s = time.perf_counter()
        dist.all_reduce(tensor)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times_s.append(time.perf_counter() - start_s)
        if tensor.min() != 3 or tensor.max() != 3:
            raise RuntimeError(f"the sum of 1 and 2 came out as {tensor.min():g} to {tensor.max():g}")
    return statistics.median(times_s[1:])  # the first connects


def main() -> None:
    """Exchange with the other process."""
    backend, rank, store = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    device = torch.device("cuda", rank) if backend == "nccl" else torch.device("cpu")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(
        backend, init_method=f"file://{store}", rank=rank, world_size=2, timeout=timedelta(seconds=20)
    )
    times_s = {str(size): measure(device, size) for size in SIZES_BYTES}
    dist.destroy_process_group()
    if rank == 0:
        print(json.dumps(times_s))


if __name__ == "__main__":
    main()
