"""One row of the tables: a compressor at a ratio and how often it exchanges, over its learning rates and seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from rsbench.metrics import facts_of, validation_score
from rsbench.recipe.prune import Prune, parse_prune
from rsbench.recipe.sync import Sync
from rsbench.reports.analysis.statistics.differences import Spread, spread
from rsbench.reports.analysis.statistics.images import Answers
from rsbench.reports.analysis.statistics.pareto import pareto_front
from rsbench.reports.costs.recorded import PARTS, ROUND, costs_of, foreign_load, sync_of
from rsbench.reports.costs.step_model import StepCosts
from rsbench.results.schema import Record

REFERENCE: Final = "none"
"""The compressor that the others are compared with, where it exchanges at every step and trains on all samples."""


@dataclass(frozen=True)
class Method:
    """A compressor at a ratio, which exchanges at every step or less often, on all training samples or on some.

    Attributes:
        name: of the compressor.
        label: what the tables call it: ``rsdgc 100x``, ``none, rounds:50``, ``rsdgc 100x, tdds:0.5``.
        records: all its cells in one setting, finished or not.
        tuning_seeds: seeds that only choose learning rates; a cell of theirs counts nowhere else.
    """

    name: str
    label: str
    records: tuple[Record, ...]
    tuning_seeds: frozenset[int] = frozenset()

    @cached_property
    def sync(self) -> Sync:
        """How often its workers exchange."""
        return sync_of(self.records[0])

    @cached_property
    def prune(self) -> Prune:
        """Which training samples it keeps."""
        return parse_prune(self.records[0]["cell"].get("prune"))

    @cached_property
    def has_whole_batches(self) -> bool:
        """Whether a step takes as many samples as one on all samples does."""
        return all(map(_has_whole_batches, self.chosen))

    @property
    def is_dense(self) -> bool:
        """Whether it sends everything at every step, of all samples: the row that the others are compared with."""
        return self.name == REFERENCE and self.sync.kind == "steps" and self.prune.keeps_all

    @property
    def saving(self) -> str:
        """By what it sends less, in words."""
        return "compression" if self.sync.kind == "steps" else "speaking less often"

    @cached_property
    def counted(self) -> tuple[Record, ...]:
        """The cells of the seeds that the tables are about, finished or not."""
        return tuple(r for r in self.records if int(r["cell"]["seed"]) not in self.tuning_seeds)

    @cached_property
    def done(self) -> tuple[Record, ...]:
        """The finished cells, apart from those that only chose a learning rate."""
        return tuple(r for r in self.counted if r["status"] == "done")

    @cached_property
    def tuning(self) -> tuple[Record, ...]:
        """The finished cells that choose the learning rate: those of a tuning seed, else all."""
        cells = (r for r in self.records if r["status"] == "done" and int(r["cell"]["seed"]) in self.tuning_seeds)
        return tuple(cells) or self.done

    @property
    def trains(self) -> bool:
        """Whether its accuracy means anything (``noop`` does not train)."""
        return all(record["compressor"]["trains"] for record in self.done)

    @property
    def note(self) -> str:
        """What the records say of the row, such as that a part of the method was off; empty for nothing."""
        notes = (record["compressor"].get("note") for record in self.done)
        return next((text for text in notes if isinstance(text, str) and text.strip()), "")

    @cached_property
    def validation(self) -> dict[float, Spread]:
        """The validation score or loss by learning rate, over the finished seeds, lowest rate first."""
        by_rate: dict[float, list[float]] = {}
        for record in self.tuning:
            score = validation_score(record)
            if score is not None and math.isfinite(score):
                by_rate.setdefault(float(record["cell"]["lr"]), []).append(score)
        spreads = {rate: spread(values) for rate, values in sorted(by_rate.items())}
        return {rate: score for rate, score in spreads.items() if score is not None}

    @cached_property
    def rates_tried(self) -> tuple[float, ...]:
        """The learning rates of all its cells, finished or not."""
        return tuple(sorted({float(record["cell"]["lr"]) for record in self.records}))

    @cached_property
    def rate(self) -> float | None:
        """The learning rate with the best mean validation score or loss, the lower one of equals.

        Only rates with the most finished seeds compete: one lucky seed of a rate that diverged on the others is
        no reason to take it. Without any accuracy it is the lowest rate that finished.
        """
        if not self.validation:
            return min((float(record["cell"]["lr"]) for record in self.done), default=None)
        most = max(score.count for score in self.validation.values())
        full = {rate: score for rate, score in self.validation.items() if score.count == most}
        by = facts_of(self.tuning[0]["dataset"]["task"]).validation
        return max(full, key=lambda rate: (by.rank(full[rate].mean), -rate))

    @cached_property
    def chosen(self) -> tuple[Record, ...]:
        """The finished cells at the chosen learning rate, by seed."""
        cells = [record for record in self.done if float(record["cell"]["lr"]) == self.rate]
        return tuple(sorted(cells, key=lambda record: int(record["cell"]["seed"])))

    @property
    def validated(self) -> float:
        """The mean validation score at the chosen rate, larger where it is better; minus infinity if there is none."""
        scores = ((facts_of(record["dataset"]["task"]).validation, validation_score(record)) for record in self.chosen)
        known = [by.rank(score) for by, score in scores if score is not None]
        return statistics.fmean(known) if known else -math.inf

    @cached_property
    def histories(self) -> dict[int, list[dict[str, Any]]]:
        """Seed -> what was reached after each epoch, for the cells at the chosen rate that kept it."""
        histories = {int(record["cell"]["seed"]): record.get("history") or [] for record in self.chosen}
        return {seed: entries for seed, entries in histories.items() if entries}

    def test_by_seed(self, name: str) -> dict[int, float]:
        """Return seed -> a test accuracy (a metric of the task, such as ``oa``) at the chosen rate."""
        return {
            int(record["cell"]["seed"]): float(record["accuracy"]["test"][name])
            for record in self.chosen
            if record["accuracy"] is not None and _is_score(record["accuracy"]["test"].get(name))
        }

    @cached_property
    def answers(self) -> dict[int, Answers]:
        """Seed -> which test images it got right at the chosen rate, for the records that say so."""
        tests = {int(r["cell"]["seed"]): (r["accuracy"]["test"], r["dataset"]) for r in self.chosen if r["accuracy"]}
        return {
            seed: Answers(test["correct"], test["samples"], str(dataset["fingerprint"]))
            for seed, (test, dataset) in tests.items()
            if test.get("correct")
        }

    def test(self, name: str) -> Spread | None:
        """Return a test accuracy over the seeds at the chosen rate."""
        return spread(list(self.test_by_seed(name).values()))

    def mean(self, section: str, name: str) -> float | None:
        """Return a field of the records averaged over the seeds at the chosen rate, None where unknown."""
        values = [value for record in self.chosen if (value := record[section].get(name)) is not None]
        return statistics.fmean(values) if values else None

    def total(self, section: str, name: str) -> int:
        """Return an integer field summed over the seeds at the chosen rate."""
        return sum(int(record[section].get(name) or 0) for record in self.chosen)

    @property
    def sent_bytes(self) -> float | None:
        """What a worker hands over in a run, mean over seeds: payload and the exchange of scores."""
        payload = self.mean("traffic", "payload_bytes_total")
        return None if payload is None else payload + (self.mean("traffic", "score_bytes") or 0.0)

    @property
    def step_s(self) -> float | None:
        """The mean over seeds of the median step time."""
        return self.mean("time", "step_time_s")

    @property
    def samples_per_s(self) -> float:
        """The samples that all workers together take in a second; 0 where that is unknown."""
        return self.mean("time", "images_per_s") or 0.0

    @cached_property
    def costs_by_seed(self) -> dict[int, StepCosts]:
        """Seed -> what its step costs apart from the link, by its own record alone, where that is known."""
        costs = {int(record["cell"]["seed"]): costs_of(record, self.label) for record in self.chosen}
        return {seed: cost for seed, cost in costs.items() if cost is not None}

    @cached_property
    def load(self) -> float:
        """By what factor other programs lengthened its computing, the largest over the seeds."""
        return max((foreign_load(record) for record in self.chosen), default=1.0)


def methods_of(records: Sequence[Record]) -> list[Method]:
    """Return the rows of one setting's tables: ``none`` at every step first, what does not train last.

    Args:
        records: of one setting, in the order of their start, which is the order of the rows between.
    """
    tuning = tuning_seeds(records)
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        name = record["cell"]["compressor"].partition(":")[0]
        groups.setdefault((name, _label(record)), []).append(record)
    methods = [Method(name, label, tuple(group), tuning) for (name, label), group in groups.items()]
    return sorted(methods, key=lambda method: (not method.is_dense, bool(method.done) and not method.trains))


def tuning_seeds(records: Sequence[Record]) -> frozenset[int]:
    """Return the seeds that chose learning rates, by what any of the records says of its command."""
    named = (record["provenance"].get("tuning_seed") for record in records)
    return frozenset(int(seed) for seed in named if seed is not None)


def reference_of(methods: Sequence[Method]) -> Method | None:
    """Return the finished row that the others are compared with."""
    return next((method for method in methods if method.is_dense and method.chosen), None)


def complete_means(methods: Sequence[Method], reference: Method | None, metric: str) -> dict[str, float]:
    """Return the mean of a test metric of each complete row, by label, over the same seeds for all.

    A row is complete where it has all seeds of the reference; without a reference, all seeds that any row has. A mean
    over fewer or other seeds would compare the seeds, too.
    """
    scores = {method.label: method.test_by_seed(metric) for method in methods}
    of_reference = {} if reference is None else reference.test_by_seed(metric)
    seeds = set(of_reference) or {seed for by_seed in scores.values() for seed in by_seed}
    return {
        label: statistics.fmean(by_seed[seed] for seed in sorted(seeds))
        for label, by_seed in scores.items()
        if seeds and seeds <= by_seed.keys()
    }


def front_of(
    methods: Sequence[Method], means: Mapping[str, float], sent_bytes: Callable[[Method], float | None]
) -> list[str]:
    """Return the labels of the rows that no other beats in bytes and in mean, fewest bytes first.

    Args:
        methods: the rows.
        means: label -> mean; rows without one are left out.
        sent_bytes: of a row; None where that is unknown.
    """
    points = {
        method.label: (count, means[method.label])
        for method in methods
        if method.label in means and (count := sent_bytes(method)) is not None
    }
    labels = list(points)
    return [labels[index] for index in pareto_front(list(points.values()))]


def parts_of(methods: Sequence[Method]) -> tuple[str, ...]:
    """Return the parts of a step to show side by side: what rounds add stands there where a row has rounds."""
    has_rounds = any(method.mean("time", ROUND) for method in methods)
    return PARTS if has_rounds else tuple(part for part in PARTS if part != ROUND)


def _label(record: Record) -> str:
    """Return ``rsdgc 100x, rounds:8``: a row that exchanges at every step is called by its compressor alone."""
    cell = record["cell"]
    return ", ".join(
        filter(None, (_compressor_words(cell), sync_of(record).label, parse_prune(cell.get("prune")).label))
    )


def _compressor_words(cell: dict[str, Any]) -> str:
    """Return ``rsdgc 100x``, with what the ratio counts when that is not the payload."""
    if cell["ratio"] is None:
        return str(cell["compressor"])
    match = cell.get("match", "payload")
    if match == "density":
        return f"{cell['compressor']} density {1 / cell['ratio']:g}"
    return f"{cell['compressor']} {cell['ratio']:g}x" + ("" if match == "payload" else f" {match}")


def _has_whole_batches(record: Record) -> bool:
    """Return whether the samples that a finished cell keeps fill its batches as well as all samples do."""
    cell, selection = record["cell"], record.get("selection")
    if not selection:
        return True
    kept, of = (math.ceil(selection[name] / cell["workers"]) for name in ("kept", "of"))
    return bool(kept >= min(of, cell["batch_size"]))


def _is_score(value: float | None) -> bool:
    """Return whether a score says something: one that is undefined or infinite is never chosen, nor averaged."""
    return value is not None and math.isfinite(value)
