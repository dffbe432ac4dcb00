"""What measuring costs a step: ``none`` measured as in a cell, ``none`` without marks, and plain DDP, in turn.

    python tests/programs/measuring_overhead.py [ROUNDS]

Two gloo ranks on this machine train three copies of ``smallvgg`` at 64 px on the same batches. In each round every copy
makes one step, in an order that goes round, so that a busy second hits all alike. Prints the median over the rounds of
each copy's step by another's, with a 95 % interval (bootstrap), as JSON.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rank import leave

ROUNDS = 400
WARM_UP = 20
BATCH, SIZE, CLASSES = 16, 64, 21


def rank_main(rank: int, store: str, rounds: int) -> None:  # noqa: PLR0915 - a program, read from top to bottom
    """Run all rounds; rank 0 prints."""
    import torch
    import torch.distributed as dist
    from torch.nn import functional
    from torch.nn.parallel import DistributedDataParallel

    from rsbench.cell import CellSpec
    from rsbench.compressors import parse
    from rsbench.measure.across_ranks import AcrossRanks
    from rsbench.measure.clock import Clock
    from rsbench.measure.exchange_profile import ExchangeProfile
    from rsbench.measure.heartbeat import beat
    from rsbench.measure.log import RunLog
    from rsbench.measure.older_torch import no_buffer_sync
    from rsbench.measure.step_timer import StepTimer
    from rsbench.measure.totals import RunTotals
    from rsbench.models.torchvision import build
    from rsbench.train.network import CompressedNetwork, joined_stats
    from rsbench.train.open_steps import OpenStep, OpenSteps

    class StoppedClock(Clock):
        """A clock that costs nothing and knows nothing."""

        def mark(self) -> float:
            return 0.0

        def cpu_s(self) -> None:
            return

    class NoTimer:
        def end_of(self, phase: str) -> None:
            return

    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(store, 2), rank=rank, world_size=2)
    device = torch.device("cpu")
    cell = CellSpec(
        dataset="made-up", dataset_fingerprint="", model="smallvgg", compressor="none", ratio=None, lr=0.01, seed=0,
        workers=2, device="cpu", epochs=1, batch_size=BATCH, image_size=SIZE, split="official",
    )  # fmt: skip

    def network() -> torch.nn.Module:
        torch.manual_seed(0)
        return build("smallvgg", classes=CLASSES, image_size=SIZE)

    images, labels = torch.randn(BATCH, 3, SIZE, SIZE), torch.randint(CLASSES, (BATCH,))
    measured, silent = (CompressedNetwork("", network(), parse("none"), cell, device, alone=True) for _ in range(2))
    silent.compressor.hook.clock = silent.compressor.hook.traffic._clock = StoppedClock()
    plain = DistributedDataParallel(network(), gradient_as_bucket_view=True, **no_buffer_sync())
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    clock = measured.compressor.hook.clock
    steps, totals, profile = OpenSteps(clock), RunTotals(2), ExchangeProfile()
    ranks = AcrossRanks(device)
    log = RunLog(Path(store).with_name("samples.jsonl") if rank == 0 else None)

    def measured_step(number: int) -> None:
        timer = StepTimer(clock)
        beat(f"load the batch of step {number}")
        timer.end_of("data")
        beat(f"compute and exchange step {number}")
        loss = functional.cross_entropy(measured.model(images), labels)
        measured.step(loss, timer)
        phases = [(timer, measured.compressor.hook.timeline)]
        for step in steps.add(OpenStep.launched(number, 0.01, phases, [loss], clock)):
            totals.add(joined_stats([measured]), step.times)
            profile.add(step.phases)
            log.write("step", {"step": step.number, "loss": step.loss, **asdict(step.times)})

    def silent_step(number: int) -> None:
        silent.step(functional.cross_entropy(silent.model(images), labels), NoTimer())  # type: ignore[arg-type]

    def plain_step(number: int) -> None:
        functional.cross_entropy(plain(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)

    copies: dict[str, Callable[[int], None]] = {"measured": measured_step, "silent": silent_step, "plain": plain_step}
    seconds: dict[str, list[float]] = {name: [] for name in copies}
    for number in range(WARM_UP + rounds):
        turn = number % 3
        for name in [*copies][turn:] + [*copies][:turn]:
            dist.barrier()
            begin = time.perf_counter()
            copies[name](number)
            seconds[name].append(time.perf_counter() - begin)
    ranks.close(totals.waits_s(WARM_UP + rounds))
    if rank == 0:
        print(json.dumps(_answer({name: values[WARM_UP:] for name, values in seconds.items()})))
    log.close()
    leave()


def _answer(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Return medians of paired ratios with their intervals."""
    import numpy as np

    def ratio(one: str, other: str) -> dict[str, float]:
        ratios = np.array(seconds[one]) / np.array(seconds[other])
        draws = np.random.default_rng(0).choice(ratios, (2000, len(ratios)))
        low, high = np.quantile(np.median(draws, axis=1), [0.025, 0.975])
        return {"median": float(np.median(ratios)), "low": float(low), "high": float(high)}

    return {
        "cpu": _cpu(),
        "rounds": len(seconds["plain"]),
        "step_ms": {name: 1e3 * float(np.median(values)) for name, values in seconds.items()},
        "measured / silent": ratio("measured", "silent"),
        "measured / plain": ratio("measured", "plain"),
        "silent / plain": ratio("silent", "plain"),
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main(rounds: int) -> int:
    """Start both ranks."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        store = str(Path(folder) / "store")
        command = [sys.executable, __file__]
        ranks = [subprocess.Popen([*command, str(rank), store, str(rounds)], env=environment) for rank in range(2)]
        return max(rank.wait() for rank in ranks)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        rank_main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
