"""``rsbench bench``: how long compressors take on a model's gradient shapes, without data or training. Torch-free."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsbench.errors import RsbenchError
from rsbench.planning import probe
from rsbench.results import provenance

if TYPE_CHECKING:
    from rich.console import Console


REFERENCE = "plain DDP"
HEADROOM = "noop"
DEFAULT_COMPRESSORS = ("none", "fp16", "noop", "randomk", "topk", "blocktopk", "dgc", "rsdgc")
_CLASSES = 45
_IMAGE_SIZE = 224


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
    """Start the processes, show progress, return all samples.

    Raises:
        RsbenchError: unknown model or compressor, numbers out of range, or a process that failed.
    """
    from rich.progress import Progress

    from rsbench.compressors import parse

    texts = _checked(config)
    probe.model_facts("scenes", config.model, {"classes": _CLASSES}, _IMAGE_SIZE)
    job = {"model": config.model, "classes": _CLASSES, "image_size": _IMAGE_SIZE, "density": config.density}
    job |= {"compressors": texts, "repeats": config.repeats, "plain_hooks": config.plain_hooks}
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("timing", total=config.repeats * (len(texts) + (6 if config.plain_hooks else 1)))
        timed = _launch(job, config.workers, lambda name: bar.update(task, advance=1, description=f"timing {name}"))
        heavy = ["none", *(text for text in texts if parse(text).keeps_residual)]
        task = bar.add_task("weighing", total=3 * (2 + len(heavy)))
        memory = _launch(
            {**job, "compressors": heavy, "repeats": 0, "plain_hooks": False},
            config.workers,
            lambda name: bar.update(task, advance=1, description=f"weighing {name}"),
        )
        task = bar.add_task("timing parts", total=None)
        parts = _launch(job, 1, lambda name: bar.update(task, description=f"timing: {name}"), "rsbench.bench.parts")
    found = {"order": {**job, "workers": config.workers}, "provenance": provenance.collect(sys.argv), **timed}
    return {**found, "memory": memory["ranks"], "parts": parts}


def _launch(
    job: dict[str, Any], workers: int, tell: Callable[[str], None], module: str = "rsbench.bench.worker"
) -> dict[str, Any]:
    """Run a module under torchrun, telling each line it prints; its answer.

    Raises:
        RsbenchError: a process failed.
    """
    with tempfile.TemporaryDirectory(prefix="rsbench-bench-") as folder:
        task, out, log = (Path(folder) / name for name in ("job.json", "out.json", "log"))
        task.write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(workers)]
        command += ["-m", module, str(task), str(out)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
        if not job["repeats"]:  # freed memory goes back at once, so that the next method's growth is its own
            environment["MALLOC_MMAP_THRESHOLD_"] = str(1 << 20)
        with (
            log.open("w", encoding="utf-8") as errors,
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as ranks,
        ):
            for line in ranks.stdout or ():
                tell(line.strip())
        if ranks.returncode or not out.exists():
            last = [line for line in log.read_text(encoding="utf-8").splitlines() if "Error" in line][-1:]
            raise RsbenchError(f"A process of the benchmark failed ({last[0].strip() if last else 'no message'}).")
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found


def _checked(config: BenchConfig) -> list[str]:
    """The rows' canonical texts.

    Raises:
        RsbenchError: something out of range.
    """
    from rsbench.compressors import parse

    if not 0 < config.density <= 1:
        raise RsbenchError(
            f"--density {config.density:g} is out of range; a share of the elements is above 0, at most 1."
        )
    if config.workers < 1 or config.repeats < 1:
        raise RsbenchError("--workers and --repeats must be at least 1.")
    return list(dict.fromkeys(parse(text).text for text in config.compressors))
