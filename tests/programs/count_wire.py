"""Count on network interfaces what gloo's collectives send, beside the formula of ``rsbench/links/wire.py``.

    python tests/programs/count_wire.py [WORKERS]...

Needs root and iproute2. Each rank is in a network namespace of its own, with a veth into a bridge in another one;
nothing outside them is touched, and all of them are removed at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rank import leave

SIZES = (16, 1000, 4000, 40_000, 400_000, 4_000_000)
RATE = "200mbit"


def ip(*arguments: str) -> None:
    """Run iproute2."""
    subprocess.run(["ip", *arguments], check=True)


def build(prefix: str, workers: int) -> None:
    """Make the namespaces."""
    switch = f"{prefix}-switch"
    ip("netns", "add", switch)
    ip("-n", switch, "link", "add", "switch0", "type", "bridge")
    ip("-n", switch, "link", "set", "switch0", "up")
    for rank in range(workers):
        name = f"{prefix}-{rank}"
        ip("netns", "add", name)
        ip("link", "add", "link0", "netns", name, "type", "veth", "peer", "name", f"port{rank}", "netns", switch)
        ip("-n", name, "link", "set", "link0", "gso_max_segs", "1")
        ip("-n", name, "address", "add", f"10.77.0.{rank + 1}/24", "dev", "link0")
        ip("-n", name, "link", "set", "link0", "up")
        ip("-n", switch, "link", "set", f"port{rank}", "master", "switch0", "up")
        for place, device in ((name, "link0"), (switch, f"port{rank}")):
            shape = ["qdisc", "add", "dev", device, "root", "tbf", "rate", RATE, "burst", "30kb", "latency", "400ms"]
            subprocess.run(["tc", "-n", place, *shape], check=True)


def remove(prefix: str, workers: int) -> None:
    """Remove what :func:`build` made."""
    for name in (f"{prefix}-switch", *(f"{prefix}-{rank}" for rank in range(workers))):
        subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def rank_main(rank: int, workers: int, store: str) -> None:
    """Call each collective at each size and print what the interface sent."""
    import torch
    import torch.distributed as dist

    from rsbench.kernel.byte_counters import InterfaceBytes
    from rsbench.links.wire import wire_bytes
    from rsbench.measure.older_torch import all_gather_single

    dist.init_process_group("gloo", store=dist.FileStore(store, workers), rank=rank, world_size=workers)
    counter = InterfaceBytes("link0")

    def sent() -> float:
        dist.barrier()
        time.sleep(0.3)
        now = counter.read()
        assert now is not None
        return now.sent

    barrier = -sent() + sent()
    for op in ("all_reduce", "all_gather", "broadcast", "all_to_all"):
        for size in SIZES:
            buffer, calls = torch.ones(size // 4), 20 if size < 1e6 else 5
            into = torch.empty(workers * len(buffer))
            before = sent()
            for _ in range(calls):
                if op == "all_reduce":
                    dist.all_reduce(buffer)
                elif op == "all_gather":
                    all_gather_single(into, buffer)
                elif op == "all_to_all":
                    whole = buffer[: len(buffer) // workers * workers]
                    dist.all_to_all_single(into[: len(whole)], whole)
                else:
                    dist.broadcast(buffer, 0)
            mean = torch.tensor([(sent() - before - barrier) / calls], dtype=torch.float64)
            dist.all_reduce(mean)
            counted, formula = float(mean) / workers, wire_bytes(op, size, workers)
            if rank == 0:
                print(
                    f"{op:10} {workers} workers {size:9,} B: counted {counted:13,.0f}, formula {formula:13,.0f} "
                    f"({100 * (counted / formula - 1):+.1f} %)",
                    flush=True,
                )
    leave()


def main(workers: int) -> None:
    """Count with so many workers."""
    prefix = f"count-wire-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            build(prefix, workers)
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "link0"}
            store = str(Path(folder) / "store")
            ranks = [
                subprocess.Popen(
                    [
                        "ip",
                        "netns",
                        "exec",
                        f"{prefix}-{rank}",
                        sys.executable,
                        __file__,
                        str(rank),
                        str(workers),
                        store,
                    ],
                    env=environment,
                )
                for rank in range(workers)
            ]
            for process in ranks:
                process.wait()
        finally:
            remove(prefix, workers)


if __name__ == "__main__":
    if len(sys.argv) == 4 and "/" in sys.argv[3]:
        rank_main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    else:
        for count in map(int, sys.argv[1:] or ["2", "4"]):
            main(count)
