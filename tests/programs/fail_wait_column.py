"""A link of 200 ms a collective shows as waiting, once, whether a hook waits inside or after its last call.

    python tests/programs/fail_wait_column.py

One rank; a timer completes each collective's future late. PowerSGD waits inside its hook for a sum that it needs; its
status is gathered meanwhile. With its second sum it waits twice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

LATENCY_S = 0.2

os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29711", RANK="0", WORLD_SIZE="1")
dist.init_process_group("gloo")


from rank import leave  # noqa: E402

from rsbench import compressors  # noqa: E402
from rsbench.compressors.hooks import all_reduce  # noqa: E402
from rsbench.measure import collectives  # noqa: E402
from rsbench.measure.clock import clock_for  # noqa: E402
from rsbench.measure.step_timer import StepTimer  # noqa: E402


def late(collective: Callable[..., Any]) -> Callable[..., Any]:
    """The collective on a link that takes 200 ms."""

    def call(*args: Any, **kwargs: Any) -> Any:
        value = collective(*args, **kwargs).wait()
        slow: torch.futures.Future[Any] = torch.futures.Future()
        threading.Timer(LATENCY_S, slow.set_result, [value]).start()
        return slow

    return call


collectives.all_reduce, collectives.all_gather = late(collectives.all_reduce), late(collectives.all_gather)
all_reduce.all_reduce = collectives.all_reduce
for text in ("none", "topk", "powersgd", "gcc", "gcc:residual=true"):
    network = torch.nn.Sequential(torch.nn.Linear(200, 200), torch.nn.Linear(200, 10))
    model = DistributedDataParallel(network)
    compressor = compressors.parse(text)
    compressor.register(model)
    compressor.param_groups(network, lr=0.1, momentum=0.9)
    for _ in range(4):
        timer = StepTimer(clock_for("cpu"))
        timer.end_of("data")
        loss = model(torch.randn(4, 200)).square().mean()
        timer.end_of("forward")
        loss.backward()
        for phase in ("backward", "optimizer", "end"):
            timer.end_of(phase)
    times = timer.times(compressor.hook.timeline)
    print(
        f"{text:18s} step {1e3 * times.step_time_s:4.0f} ms: compress {1e3 * times.compress_s:4.0f}"
        f" wait {1e3 * times.wait_s:4.0f} decompress {1e3 * times.decompress_s:3.0f}",
        flush=True,
    )
leave()
