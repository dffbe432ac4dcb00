"""Worker processes that time one part of one row at an order, and stay for the next. Torch-free."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rsbench.bench.folder import BenchFolder
from rsbench.bench.measured import Part
from rsbench.bench.rows import Row
from rsbench.launch.launcher import WorkerLauncher
from rsbench.launch.signals import StopSignals

WORKS: Final[Mapping[Part, str]] = {
    "exchange": "rsbench.bench.worker:time_steps",
    "compress": "rsbench.bench.worker:time_steps",
    "memory": "rsbench.bench.worker:measure_memory",
}
_GIVE_BACK_AT_ONCE: Final = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
"""Freed memory goes back to the system, so that each method's growth is its own."""


class TimingFailed(Exception):
    """A process of the benchmark failed; the text is the reason."""


class Timer:
    """Times parts of rows on processes that are started when they are first needed.

    Each part, tree and count of threads has processes of its own; while some work, the others wait at a pipe.

    Args:
        stop: tells whether the user wants to end.
        shapes: tensor name -> shape, of the gradients.
        workers: ranks of an exchange.
        bucket_views: let gradients be views of DDP's buckets.
        against: root of the other tree, None for none.
        works: part -> what its workers do.
    """

    def __init__(
        self,
        stop: StopSignals,
        shapes: Mapping[str, Sequence[int]],
        workers: int,
        *,
        bucket_views: bool = True,
        against: Path | None = None,
        works: Mapping[Part, str] = WORKS,
    ) -> None:
        self._stop, self._workers, self._works = stop, workers, works
        self._order = {"shapes": shapes, "bucket_views": bucket_views}
        self._against = against
        self._launchers: dict[tuple[Part, bool, int], WorkerLauncher] = {}

    def time(self, part: Part, row: Row, tick: Callable[[], None]) -> dict[str, Any] | None:
        """Return what the workers measured; None when a signal came meanwhile.

        Args:
            part: of the row.
            row: of the plan.
            tick: called a few times a second.

        Raises:
            TimingFailed: a process failed; the next call gets fresh ones.
        """
        with tempfile.TemporaryDirectory(prefix="rsbench-bench-") as name:
            folder = BenchFolder(Path(name))
            path = str(self._against) if row.tree else ""
            folder.job.write_text(json.dumps({**self._order, "row": asdict(row), "path": path}), encoding="utf-8")
            size = 1 if part == "compress" else self._workers
            outcome = self._launcher(part, row).run(folder.path, workers_per_node=size, tick=tick)
            if self._stop.number is not None:
                return None
            if outcome.cause is not None or not folder.times.is_file():
                raise TimingFailed(outcome.cause.reason if outcome.cause else "all ended, but none wrote its times")
            answer: dict[str, Any] = json.loads(folder.times.read_text(encoding="utf-8"))
            return answer

    def close(self) -> None:
        """End all processes."""
        for launcher in self._launchers.values():
            launcher.close()

    def _launcher(self, part: Part, row: Row) -> WorkerLauncher:
        """Return the launcher of a part's, tree's and thread count's processes."""
        key = part, bool(row.tree), row.threads
        if key not in self._launchers:
            environment = {"OMP_NUM_THREADS": str(row.threads), **(_GIVE_BACK_AT_ONCE if part == "memory" else {})}
            self._launchers[key] = WorkerLauncher(stop=self._stop, work=self._works[part], environment=environment)
        return self._launchers[key]
