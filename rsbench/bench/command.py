"""``rsbench bench``: how long compressors take on a model's gradient shapes, without data or training. Torch-free."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsbench.bench.folder import BenchFolder
from rsbench.console import say
from rsbench.errors import RsbenchError
from rsbench.launch.launcher import WorkerLauncher
from rsbench.launch.signals import StopSignals
from rsbench.planning import probe
from rsbench.results import provenance

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


DEFAULT_COMPRESSORS = ("none", "fp16", "noop", "randomk", "topk", "blocktopk", "dgc", "rsdgc")
_CLASSES = 45
_IMAGE_SIZE = 224
_MEMORY_ROUNDS = 3
MOST_WORKERS, MOST_REPEATS = 256, 10_000
"""Of one machine's processes, and of rounds."""


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """What to time.

    Attributes:
        model: name, as ``rsbench list models`` shows it.
        density: share of elements that selecting methods send.
        workers: gloo processes on this machine, one thread each.
        compressors: texts ``name:key=value,...``.
        repeats: rounds over all methods.
        plain_hooks: time PyTorch's hooks and plainly written Top-k and DGC too.
    """

    model: str
    density: float
    workers: int
    compressors: Sequence[str]
    repeats: int
    plain_hooks: bool = True


def measure(config: BenchConfig, console: Console) -> dict[str, Any]:
    """Time what the configuration names and return all samples; a bar shows how far it is.

    Raises:
        RsbenchError: unknown model or compressor, numbers out of range, or a process that failed.
        SystemExit: a signal asked to stop; the code is 128 + its number.
    """
    from rich.progress import TaskProgressColumn, TimeRemainingColumn  # late: start-up

    from rsbench.bars import bars
    from rsbench.compressors import parse  # late: start-up

    order = {**asdict(config), "compressors": _checked(config), "classes": _CLASSES, "image_size": _IMAGE_SIZE}
    shapes = probe.model_facts("scenes", config.model, {"classes": _CLASSES}, _IMAGE_SIZE).shapes
    job = {**order, "shapes": shapes}
    with_residual = ["none", *(text for text in order["compressors"] if parse(text).keeps_residual)]
    memory_job = {**job, "compressors": with_residual, "memory_rounds": _MEMORY_ROUNDS, "plain_hooks": False}
    rows = len(order["compressors"]) + (6 if config.plain_hooks else 1)
    with (
        StopSignals() as stop,
        bars(console, TaskProgressColumn(), TimeRemainingColumn(), auto_refresh=False) as bar,  # forks meanwhile
    ):
        launch = partial(_launch, stop, bar)
        timed = launch("timing", job, total=config.repeats * rows, workers=config.workers)
        rows = 1 + len(with_residual)
        memory = launch("memory of", memory_job, total=_MEMORY_ROUNDS * rows, workers=config.workers)
        parts = launch("timing part:", job, total=None, workers=1, work="rsbench.bench.parts:time_parts")
    measured = {"order": order, "provenance": provenance.collect(sys.argv), **timed}
    return {**measured, "memory": memory["ranks"], "parts": parts}


def _launch(
    stop: StopSignals,
    bar: Progress,
    title: str,
    job: dict[str, Any],
    *,
    total: int | None,
    workers: int,
    work: str = "rsbench.bench.worker:bench",
) -> dict[str, Any]:
    """Do some work on fresh workers, show each name that it tells, and return its answer.

    The work takes a folder with ``job.json``, tells names in ``progress`` and leaves ``times.json``.

    Raises:
        RsbenchError: a process failed.
        SystemExit: a signal asked to stop.
    """
    environment = {"OMP_NUM_THREADS": "1"}
    if "memory_rounds" in job:  # freed memory goes back at once, so that the next method's growth is its own
        environment["MALLOC_MMAP_THRESHOLD_"] = str(1 << 20)
    shown = bar.add_task(title, total=total)
    with tempfile.TemporaryDirectory(prefix="rsbench-bench-") as name:
        folder = BenchFolder(Path(name))
        folder.job.write_text(json.dumps(job), encoding="utf-8")
        folder.progress.touch()

        def tick() -> None:
            *_, last = ["", *(lines := folder.progress.read_text(encoding="utf-8").splitlines())]
            bar.update(shown, completed=len(lines), description=f"{title} {last}", refresh=True)

        launcher = WorkerLauncher(stop=stop, work=work, environment=environment, fresh=True)
        outcome = launcher.run(folder.path, workers_per_node=workers, tick=tick)
        if stop.number is not None:
            say(bar.console, "Stopped before all methods were timed.")
            raise SystemExit(128 + stop.number)
        if outcome.cause is not None or not folder.times.is_file():
            reason = outcome.cause.reason if outcome.cause else "all ended, but none wrote its times"
            raise RsbenchError(f"A process of the benchmark failed ({reason}).")
        answer: dict[str, Any] = json.loads(folder.times.read_text(encoding="utf-8"))
        return answer


def _checked(config: BenchConfig) -> list[str]:
    """Return the rows' canonical texts, each once.

    Raises:
        RsbenchError: something is out of range.
    """
    from rsbench.compressors import parse  # late: start-up

    if not 0 < config.density <= 1:
        raise RsbenchError(
            f"--density {config.density:g} is out of range; a share of the elements is above 0, at most 1."
        )
    if config.workers < 1 or config.repeats < 1:
        raise RsbenchError("--workers and --repeats must be at least 1.")
    if config.workers > MOST_WORKERS or config.repeats > MOST_REPEATS:
        raise RsbenchError(f"bench takes at most --workers {MOST_WORKERS} and --repeats {MOST_REPEATS}.")
    return list(dict.fromkeys(parse(text).text for text in config.compressors))
