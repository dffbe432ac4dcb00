"""A peer that comes 250 ms late shows as skew, and not as waiting for the link.

    python tests/programs/late_peer.py

Two ranks on loopback; rank 1 sleeps before its backward pass. Rank 0 prints its split, one JSON object a compressor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rank import leave

LATE_S = 0.25
STEPS = 6


def rank_main(rank: int, store: str) -> None:
    """Train a small network for a few steps with each compressor."""
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    from rsbench import compressors
    from rsbench.measure.across_ranks import AcrossRanks
    from rsbench.measure.clock import clock_for
    from rsbench.measure.step_timer import StepTimer
    from rsbench.measure.totals import RunTotals

    dist.init_process_group("gloo", store=dist.FileStore(store, 2), rank=rank, world_size=2)
    for text in ("none", "rsdgc", "powersgd"):
        network = torch.nn.Sequential(torch.nn.Linear(200, 200), torch.nn.Linear(200, 10))
        model = DistributedDataParallel(network)
        compressor = compressors.parse(text)
        compressor.register(model)
        compressor.param_groups(network, lr=0.1, momentum=0.9)
        ranks, totals = AcrossRanks(torch.device("cpu")), RunTotals(2)
        for _ in range(STEPS):
            timer = StepTimer(clock_for("cpu"))
            timer.end_of("data")
            loss = model(torch.randn(4, 200)).square().mean()
            if rank == 1:
                time.sleep(LATE_S)
            timer.end_of("forward")
            loss.backward()
            for phase in ("backward", "optimizer", "end"):
                timer.end_of(phase)
            totals.add(compressor.step_stats(), timer.times(compressor.hook.timeline))
        totals.tell_skew(ranks.close(totals.waits_s(STEPS)))
        if rank == 0:
            split = totals.time(images_per_step=1)
            print(
                json.dumps({"compressor": text, **{k: split[k] for k in ("wait_s", "skew_s", "compress_s")}}),
                flush=True,
            )
    leave()


def main() -> int:
    """Start both ranks."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        store = str(Path(folder) / "store")
        ranks = [subprocess.Popen([*command, str(rank), store], env=environment) for rank in range(2)]
        return max(rank.wait() for rank in ranks)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        rank_main(int(sys.argv[1]), sys.argv[2])
    else:
        sys.exit(main())
