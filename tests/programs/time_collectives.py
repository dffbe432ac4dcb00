"""Time gloo's collectives on emulated links, beside the model of ``rsbench/links/collective_time.py``.

    python tests/programs/time_collectives.py WORKERS LINK...

such as ``2 50mbit 250mbit 1gbit`` or ``4 100mbit:latency=200ms``. Needs root, as ``rsbench compare --link`` does, and a
machine that does nothing else. Times are of the slowest rank, median over calls with a pause before each.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rank import leave

SIZES = (16, 5000, 40_000, 400_000, 4_000_000)
PAUSE_S = 0.1
"""About what a step computes between two exchanges."""
FIRST_CALLS = 4
"""Not counted: TCP's window still opens."""
LONGEST_S = 15.0
"""Of the modelled time of all calls of one size: larger ones are left out."""


def rank_main(rank: int, workers: int, link_text: str, store: str) -> None:
    """Call each collective at each size and print how long it took."""
    import torch
    import torch.distributed as dist

    from rsbench.links.collective_time import collective_s
    from rsbench.links.link import parse_link
    from rsbench.links.wire import wire_bytes
    from rsbench.measure.older_torch import all_gather_single

    link = parse_link(link_text)
    dist.init_process_group("gloo", store=dist.FileStore(store, workers), rank=rank, world_size=workers)
    for op in ("all_reduce", "all_gather", "broadcast"):
        for size in SIZES:
            modelled_s = collective_s(op, size, workers, link)
            calls = FIRST_CALLS + (9 if modelled_s < 0.2 else 5)
            if calls * modelled_s > LONGEST_S:
                continue
            buffer = torch.ones(size // 4)
            into = torch.empty(workers * len(buffer))
            took_s = []
            for _ in range(calls):
                dist.barrier()
                time.sleep(PAUSE_S)
                begun = time.perf_counter()
                if op == "all_reduce":
                    dist.all_reduce(buffer)
                elif op == "all_gather":
                    all_gather_single(into, buffer)
                else:
                    dist.broadcast(buffer, 0)
                took_s.append(time.perf_counter() - begun)
            slowest = torch.tensor(took_s[FIRST_CALLS:], dtype=torch.float64)
            dist.all_reduce(slowest, dist.ReduceOp.MAX)
            measured_s = statistics.median(slowest.tolist())
            bytes_s = 8 * wire_bytes(op, size, workers) / link.bits_per_s
            if rank == 0:
                print(
                    f"{op:10} {workers} workers {link_text:24} {size:9,} B: measured {1e3 * measured_s:9.2f} ms, model "
                    f"{1e3 * modelled_s:9.2f} ms ({100 * (modelled_s / measured_s - 1):+.1f} %), bytes alone "
                    f"{1e3 * bytes_s:9.2f} ms",
                    flush=True,
                )
    leave()


def main(workers: int, link_text: str) -> None:
    """Time on one link."""
    from rsbench.emulation.network import EmulatedNetwork
    from rsbench.links.worker_links import parse_worker_links

    network = EmulatedNetwork(parse_worker_links(link_text), workers)
    try:
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, **network.environment, "OMP_NUM_THREADS": "1"}
            shared = [str(workers), link_text, str(Path(folder) / "store")]
            ranks = [
                subprocess.Popen(
                    [sys.executable, __file__, "--rank", str(rank), *shared],
                    env=environment,
                    preexec_fn=network.enter(rank),  # noqa: PLW1509 - this process has no threads
                )
                for rank in range(workers)
            ]
            for process in ranks:
                process.wait()
    finally:
        network.close()


if __name__ == "__main__":
    if sys.argv[1] == "--rank":
        rank_main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
    else:
        for one in sys.argv[2:]:
            main(int(sys.argv[1]), one)
