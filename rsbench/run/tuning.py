"""A study: a seed of its own chooses each row's learning rate, the other seeds run at that rate only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from rsbench import compressors
from rsbench.cell import CellSpec
from rsbench.errors import RsbenchError
from rsbench.metrics import LOSS, Metric, facts_of, validation_score
from rsbench.planning.job import Job
from rsbench.results import attempts, records
from rsbench.results.claimant import Busy, Claimant
from rsbench.results.folder import CellFolder
from rsbench.results.ledger import Ledger
from rsbench.results.schema import Record
from rsbench.run.queue import CellQueue

FAILED = -math.inf
"""Validation score of a cell that gave no numbers: any other rate is better."""
UNDEFINED = math.nan
"""Validation score of a cell that ended without one: it is never chosen either."""


def next_rate(rates: Sequence[float], tried: Mapping[float, float]) -> float | None:
    """Return the learning rate to try next: from the middle of the grid to the best one's neighbours, the lower first.

    So the best is better than both its neighbours, or lies at an edge of the grid; rates farther off, which a
    validation score with one peak does not need, are left out.

    Args:
        rates: the grid, the same for every row.
        tried: rate -> validation score, :data:`FAILED` where the cell gave none.

    Returns:
        A rate of the grid, or None when the best is found.
    """
    grid = sorted(rates)
    best = best_rate(tried)
    if best is None:  # nothing trained yet: downwards, then upwards
        order = [*reversed(grid[: len(grid) // 2 + 1]), *grid[len(grid) // 2 + 1 :]]
        return next((rate for rate in order if rate not in tried), None)
    at = grid.index(best)
    return next((rate for rate in (*grid[max(0, at - 1) : at], *grid[at + 1 : at + 2]) if rate not in tried), None)


def best_rate(tried: Mapping[float, float]) -> float | None:
    """Return the rate with the highest validation score, the lower one of equals; None where no cell has one."""
    scored = [rate for rate, score in tried.items() if math.isfinite(score)]
    return max(scored, key=lambda rate: (tried[rate], -rate), default=None)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A compressor at a ratio on one data set and model.

    Attributes:
        tuning: learning rate -> cell of the tuning seed.
        seeds: learning rate -> cells of the other seeds.
        trains: whether its accuracy means anything; if not there is nothing to tune.
    """

    tuning: Mapping[float, Job]
    seeds: Mapping[float, Sequence[Job]]
    trains: bool

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other rows; those of two grids may differ in how they train."""
        return next(iter(self.tuning.values())).spec.row

    @property
    def name(self) -> str:
        """Such as ``ucm21 smallvgg rsdgc 100x``."""
        return next(iter(self.tuning.values())).spec.label.partition(" lr ")[0]


def rows_of(jobs: Sequence[Job], tuning_seed: int) -> list[Row]:
    """Return the rows of a study's cells, in the order given.

    Args:
        jobs: every learning rate at every seed, the tuning seed included.
        tuning_seed: the seed that chooses.
    """
    groups: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.spec.row, []).append(job)
    rows = []
    for group in groups.values():
        seeds: dict[float, list[Job]] = {}
        for job in group:
            if job.spec.seed != tuning_seed:
                seeds.setdefault(job.spec.lr, []).append(job)
        tuning = {job.spec.lr: job for job in group if job.spec.seed == tuning_seed}
        rows.append(Row(tuning=tuning, seeds=seeds, trains=compressors.parse(group[0].compressor).trains))
    return rows


class TuningQueue(CellQueue):
    """The cells of a study: rows take turns, in their trials and then in each seed, so that a slow hour hits all alike.

    A cell that was taken, has ended and has no numbers by the next :meth:`take` counts as failed.

    Args:
        rows: of the table.
        seed: the tuning seed.
        out: result folder.
        ledger: which cells count as done, asked again at each step.
        say: told each row's learning rate.
    """

    is_at_most = True  # fewer run where a best rate lies at an edge

    def __init__(self, rows: Sequence[Row], seed: int, out: Path, ledger: Ledger, say: Callable[[str], None]) -> None:
        super().__init__()
        self._rows, self._seed, self._out, self._ledger, self._say = list(rows), seed, out, ledger, say
        self._told: set[tuple[str, ...]] = set()
        self._records: dict[str, Record] = {}
        self.done = sum(self._finished(row) for row in rows)

    @property
    def specs(self) -> Sequence[CellSpec]:
        """Cells of the table as it stands: tried rates, and the other seeds at each row's own."""
        specs: list[CellSpec] = []
        for row in self._rows:
            tried, _ = self._tried(row)
            best = best_rate(tried)
            specs += [row.tuning[rate].spec for rate in tried] if row.trains else []
            specs += [] if best is None else [job.spec for job in row.seeds[best]]
        return specs

    def mark(self) -> None:
        """Write the tuning seed into what others recorded, so that every table of the folder knows it.

        A cell that another process holds is left alone; so is one that cannot be written.
        """
        for row in self._rows:
            for job in row.tuning.values():
                known = self._known([job]).get(job.spec.key)
                if known is not None and known["provenance"].get("tuning_seed") != self._seed:
                    with suppress(Busy, OSError, RsbenchError):
                        self._mark(CellFolder.of(self._out, job.spec.folder_name), job.spec.key)

    def _mark(self, cell: CellFolder, key: str) -> None:
        with Claimant().take(cell):
            attempts.settle(cell, key)
            record = records.read_record(cell.record)
            record["provenance"]["tuning_seed"] = self._seed
            records.write_record(cell.path, record)
            if key in self._records:
                self._records[key] = record

    def ready(self) -> Sequence[Job]:
        """Return of each row that is not finished what may run now: one rate, or the other seeds at the best."""
        trials: list[tuple[int, Job]] = []
        seeds: list[Sequence[Job]] = []
        for row in self._rows:
            tried, rate = self._tried(row)
            best = best_rate(tried)
            if rate is not None:
                trials.append((len(tried), row.tuning[rate]))
                continue
            self._tell(row, tried, best)
            seeds += [] if best is None else [self._to_run(row.seeds[best])]
        trials.sort(key=lambda trial: trial[0])  # the row with the fewest is next
        return [*(job for _, job in trials), *_by_seed(seeds)]

    def left(self) -> Sequence[Job]:
        """Return of a row that is not tuned all rates not tried, and the other seeds once."""
        trials: list[Sequence[Job]] = []
        seeds: list[Sequence[Job]] = []
        for row in self._rows:
            tried, rate = self._tried(row)
            best = best_rate(tried)
            if rate is not None:
                trials.append([job for r, job in row.tuning.items() if r not in tried])
                best = best or rate
            seeds += [] if best is None else [self._to_run(row.seeds[best])]
        return [*_in_turn(trials), *_by_seed(seeds)]

    def decided(self, job: Job) -> bool:
        """Return whether a cell will run with just this learning rate: a trial, or another seed of a tuned row."""
        row = next(row for row in self._rows if job in row.tuning.values() or job in row.seeds[job.spec.lr])
        return job in row.tuning.values() or self._tried(row)[1] is None

    def _tell(self, row: Row, tried: Mapping[float, float], best: float | None) -> None:
        if row.trains and row.key not in self._told:
            self._told.add(row.key)
            known = next(iter(self._known(row.tuning.values()).values()), None)
            by = None if known is None else _validated_by(known)
            self._say(f"{row.name}{self._what_differs(row)}: {_choice(tried, best, by)}")

    def _what_differs(self, row: Row) -> str:
        """Return `` workers 4``: in what a row differs from others of its name; nothing where there are none."""
        mine, *others = [
            next(iter(one.tuning.values())).spec.to_dict()
            for one in (row, *(other for other in self._rows if other is not row and other.name == row.name))
        ]
        names = [name for name in mine if name != "lr" and any(other.get(name) != mine[name] for other in others)]
        return "".join(f" {name.replace('_', ' ')} {mine[name]}" for name in names)

    def _finished(self, row: Row) -> int:
        tried, _ = self._tried(row)
        return len(tried) * row.trains + len(self._known(row.seeds.get(best_rate(tried) or 0.0, ())))

    def _to_run(self, jobs: Sequence[Job]) -> list[Job]:
        known = self._known(jobs)
        return [job for job in jobs if job.spec.key not in known and job.spec.key not in self._taken]

    def _known(self, jobs: Iterable[Job]) -> dict[str, Record]:
        """Return the finished cells among the jobs, by key."""
        keys = [job.spec.key for job in jobs]
        new = [key for key in keys if key not in self._records]
        self._records |= self._ledger.done(new)
        return {key: self._records[key] for key in keys if key in self._records}

    def _tried(self, row: Row) -> tuple[dict[float, float], float | None]:
        """Return the rates that were tried, with their validation score, and the one to try next."""
        if not row.trains:
            return {min(row.tuning): 0.0}, None
        known = self._known(row.tuning.values())
        tried = {rate: FAILED for rate, job in row.tuning.items() if job.spec.key in self._taken}
        for rate, job in row.tuning.items():
            if job.spec.key in known:
                record = known[job.spec.key]
                score = validation_score(record)
                tried[rate] = UNDEFINED if score is None else _validated_by(record).rank(float(score))
        return tried, next_rate(list(row.tuning), tried)


def _in_turn(rows: Sequence[Sequence[Job]]) -> list[Job]:
    """Return the first job of each row, then the second of each, and so on."""
    return [job for turn in zip_longest(*rows) for job in turn if job is not None]


def _by_seed(rows: Sequence[Sequence[Job]]) -> list[Job]:
    """Return the jobs of all rows, lowest seed first, in each the rows in their order."""
    return sorted((job for row in rows for job in row), key=lambda job: job.spec.seed)


def _validated_by(record: Record) -> Metric:
    """Return what a record's task chooses a learning rate by."""
    return facts_of(record["dataset"]["task"]).validation


def _choice(tried: Mapping[float, float], best: float | None, by: Metric | None = None) -> str:
    """Return what a user reads of a row's learning rate; ``by`` is None where no cell has numbers."""
    told = "losses" if by is LOSS else "scores"
    listed = ", ".join(f"{rate:g}: {_score_words(score, by)}" for rate, score in sorted(tried.items()))
    if best is None:
        return f"no learning rate trained, so its other seeds do not run (validation {told} {listed})"
    edge = ", at the edge of the grid" if best in (min(tried), max(tried)) and len(tried) > 1 else ""
    return f"learning rate {best:g}{edge} (validation {told} {listed})"


def _score_words(score: float, by: Metric | None) -> str:
    """Return ``failed``, ``undefined``, the score in percent, or the loss; ``score`` is larger where it is better."""
    if score == FAILED:
        return "failed"
    if not math.isfinite(score):
        return "undefined, so never chosen"
    return f"{by.rank(score):.{by.decimals}f}" if by is LOSS else f"{100 * score:.1f} %"
