"""``rsbench bench``: how long compressors take on a model's gradient shapes, without data or training. Torch-free."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rsbench.bench import machine
from rsbench.bench.measured import Measured, Part, RowSamples
from rsbench.bench.other_tree import check_tree, name_of_tree
from rsbench.bench.rows import DEFAULT_COMPRESSORS, REFERENCE, Row, plan_rows
from rsbench.bench.timing import Timer, TimingFailed
from rsbench.console import say
from rsbench.errors import RsbenchError
from rsbench.launch.signals import StopSignals
from rsbench.planning import probe
from rsbench.results import provenance
from rsbench.units import count_text

if TYPE_CHECKING:
    from rich.console import Console

_TASK = "scenes"
_CLASSES = 45
_IMAGE_SIZE = 224
_MEMORY_ROUNDS = 3
MOST_WORKERS, MOST_REPEATS, MOST_THREADS = 256, 10_000, 256
"""Of one machine's processes, of rounds, and of a worker's threads."""


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """What to time.

    Attributes:
        model: name, as ``rsbench list models`` shows it.
        densities: shares of elements that selecting methods send.
        workers: gloo processes on this machine.
        threads: compute threads of a worker; several are timed one beside the other.
        compressors: texts ``name:key=value,...``.
        repeats: rounds over all methods.
        plain_hooks: time PyTorch's hooks and plainly written Top-k and DGC too.
        floors: time what no method can be faster than.
        parts: time compression alone, and measure memory.
        bucket_views: let gradients be views of DDP's buckets.
        against: root of another tree of rsbench whose compressors are timed beside; None for none.
    """

    model: str = "resnet18"
    densities: Sequence[float] = (0.001,)
    workers: int = 2
    threads: Sequence[int] = (1,)
    compressors: Sequence[str] = DEFAULT_COMPRESSORS
    repeats: int = 5
    plain_hooks: bool = True
    floors: bool = True
    parts: bool = True
    bucket_views: bool = True
    against: Path | None = None

    def rows(self) -> list[Row]:
        """Return what is timed.

        Raises:
            RsbenchError: there is no such compressor, or no such tree.
        """
        return plan_rows(
            self.compressors,
            self.densities,
            threads=self.threads,
            plain_hooks=self.plain_hooks,
            floors=self.floors,
            other_tree="" if self.against is None else name_of_tree(check_tree(self.against)),
        )

    def has_curves(self) -> bool:
        """Tell whether some compressor is timed at several densities."""
        several = len(self.densities) > 1
        return several and any(row.kind == "compressor" and row.density is not None for row in self.rows())

    def check(self) -> None:
        """Refuse numbers that are out of range.

        Raises:
            RsbenchError: says which.
        """
        for density in self.densities:
            if not 0 < density <= 1:
                raise RsbenchError(
                    f"--density {density:g} is out of range; a share of the elements is above 0, at most 1."
                )
        if self.workers < 1 or self.repeats < 1:
            raise RsbenchError("--workers and --repeats must be at least 1.")
        if self.workers > MOST_WORKERS or self.repeats > MOST_REPEATS:
            raise RsbenchError(f"bench takes at most --workers {MOST_WORKERS} and --repeats {MOST_REPEATS}.")
        if not all(1 <= count <= MOST_THREADS for count in self.threads):
            raise RsbenchError(f"--threads must be from 1 to {MOST_THREADS}.")


Task = tuple[Part, RowSamples]
"""One timing: a part of one row."""


def measure(config: BenchConfig, console: Console, keep: Path | None = None) -> Measured:
    """Time what the configuration names, round by round; after a signal return what there is.

    Args:
        config: what to time.
        console: for progress.
        keep: file that holds all samples after each timing; None for none.

    Raises:
        RsbenchError: unknown model or compressor, or numbers out of range.
    """
    from rsbench.bench.progress import BenchProgress  # late: start-up

    config.check()
    against = None if config.against is None else check_tree(config.against)
    measured = _planned(config)
    shapes = _shapes(config.model)
    say(console, f"{count_text(len(measured.rows), 'row')} of {config.model}, {count_text(config.repeats, 'round')}")
    rounds = list(_rounds(config, measured.rows))
    watch = machine.Watch()
    with StopSignals() as stop, BenchProgress(console, sum(map(len, rounds))) as progress:
        timer = Timer(stop, shapes, config.workers, bucket_views=config.bucket_views, against=against)
        try:
            for number, tasks in enumerate(rounds, start=1):
                for part, samples in tasks:
                    if not samples.failed and stop.number is None:
                        progress.begin(f"{_WORDS[part]}{samples.row.label}, round {number} of {len(rounds)}")
                        _do(timer, part, samples, measured, progress.tick)
                        _keep(measured, keep)
                    progress.advance()
        finally:
            timer.close()
    measured.stopped = stop.number
    measured.machine |= watch.seen()
    _keep(measured, keep)
    return measured


def _shapes(model: str) -> dict[str, tuple[int, ...]]:
    """Return tensor -> shape of a model.

    Raises:
        RsbenchError: there is no such model, or it is of another task.
    """
    try:
        return probe.model_facts(_TASK, model, {"classes": _CLASSES}, _IMAGE_SIZE).shapes
    except RsbenchError:
        tasks = probe.tasks_of(model)
        if not tasks or _TASK in tasks:
            raise
        ours = probe.words_of([_TASK])
        raise RsbenchError(f"{model} is {probe.words_of(tasks)}; bench takes {ours}: --model resnet18.") from None


_WORDS: Final[dict[Part, str]] = {"exchange": "", "compress": "compression of ", "memory": "memory of "}


def _planned(config: BenchConfig) -> Measured:
    """Return what is to be measured, without samples."""
    order = {**asdict(config), "against": None if config.against is None else str(config.against.resolve())}
    return Measured(
        order={**order, "classes": _CLASSES, "image_size": _IMAGE_SIZE},
        provenance=provenance.collect(sys.argv),
        machine=machine.processor(),
        rows=[RowSamples(row=row) for row in config.rows()],
    )


def _rounds(config: BenchConfig, rows: Sequence[RowSamples]) -> Iterator[list[Task]]:
    """Yield the timings of each round; every other round goes backwards, so that no row always follows the same one."""
    for number in range(config.repeats):
        tasks: list[Task] = [("exchange", one) for one in rows]
        if config.parts:
            tasks += [("compress", one) for one in rows if one.row.kind in ("compressor", "floor")]
        if config.parts and number < _MEMORY_ROUNDS:
            tasks += [("memory", one) for one in rows if one.row.keeps_residual or one.row.method == REFERENCE]
        yield tasks if number % 2 == 0 else tasks[::-1]


def _do(timer: Timer, part: Part, samples: RowSamples, measured: Measured, tick: Callable[[], None]) -> None:
    """Time a part of a row; one that fails is not timed again, and the others go on."""
    try:
        answer = timer.time(part, samples.row, tick)
    except TimingFailed as problem:
        samples.failed = str(problem)
        return
    if answer is None:
        return
    samples.add(part, answer.pop("ranks"))
    if not samples.row.tree:
        measured.facts = answer


def _keep(measured: Measured, path: Path | None) -> None:
    """Keep what there is in a file, as long as it can be written; pipes and devices get it from the caller, once."""
    if path is not None and (path.is_file() or not path.exists()):
        with contextlib.suppress(RsbenchError):  # a full disk may have room at the end
            measured.keep(path)
