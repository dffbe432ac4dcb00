"""A row that trains on some of the samples beside the same row on all of them, and what its phases took."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Difference, simultaneous
from rsbench.results.schema import Record

SCORING: Final = "score"
"""The phase that trains on all samples and scores them."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What phases took, mean over the seeds at the chosen learning rate.

    Attributes:
        steps: optimizer steps.
        sent_bytes: that a worker handed to collectives: payload, and what scores are made of.
        train_s: seconds of training.
    """

    steps: float
    sent_bytes: float
    train_s: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            steps=self.steps + other.steps,
            sent_bytes=self.sent_bytes + other.sent_bytes,
            train_s=self.train_s + other.train_s,
        )


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A finished row.

    Attributes:
        method: the row.
        whole: the same row on all samples; None where it has not finished.
        kept: training samples that it trains on, mean over seeds.
        of: training samples in all.
        scoring: what the scoring phase took; zeros where there is none.
        training: what training on the kept samples took.
    """

    method: Method
    whole: Method | None
    kept: float
    of: float
    scoring: Spent
    training: Spent

    @property
    def is_pruned(self) -> bool:
        """Whether it trains on some of the samples only."""
        return not self.method.prune.keeps_all

    @property
    def total(self) -> Spent:
        """What all phases took."""
        return self.scoring + self.training


def selections_of(comparison: Comparison) -> list[Selection]:
    """Return the rows that train, those on all samples among them; none where no row is pruned."""
    methods = comparison.trained
    if all(method.prune.keeps_all for method in methods):
        return []
    whole = {method.label: method for method in methods if method.prune.keeps_all}
    return [_selection(method, whole.get(_whole_label(method))) for method in methods]


def gaps_to_whole(comparison: Comparison, selections: Sequence[Selection]) -> dict[str, Difference | None]:
    """Return label -> the paired difference to training on all samples under the same compressor.

    Intervals hold together for all rows that are pruned.
    """
    return simultaneous(
        {
            one.method.label: comparison.difference(one.method, one.whole)
            for one in selections
            if one.is_pruned and one.whole is not None
        }
    )


def lost_classes(method: Method) -> list[str]:
    """Return the names of the classes of which some seed keeps no sample."""
    lost: dict[str, None] = {}
    for record in method.chosen:
        found, names = record.get("selection") or {}, record["dataset"]["classes"]
        counts = zip(names, found.get("kept_per_class", ()), found.get("all_per_class", ()), strict=False)
        lost |= {name: None for name, left, had in counts if had and not left}
    return list(lost)


def record_fields(record: Record) -> dict[str, float | None]:
    """Return the raw numbers of a finished cell that trains on some of the samples, by column of the flat files."""
    scoring = [phase for phase in record.get("phases") or [] if phase.get("name") == SCORING]
    return {
        "kept_samples": _kept_of(record)[0],
        "scoring_steps": scoring_steps(record),
        "scoring_payload_bytes": sum(phase["payload_bytes_total"] for phase in scoring),
        "score_bytes": sum(phase.get("score_bytes") or 0 for phase in scoring),
        "scoring_s": sum(phase["train_s"] or 0.0 for phase in scoring),
        "train_s": record["time"]["train_s"],
    }


def scoring_steps(record: Record) -> int:
    """Return the steps of a finished cell's scoring phase, which comes first; 0 where there is none."""
    return sum(phase["steps"] for phase in record.get("phases") or [] if phase.get("name") == SCORING)


def _kept_of(record: Record) -> tuple[int, int]:
    """Return the training samples that a finished cell keeps, and all that there are."""
    found, samples = record.get("selection") or {}, record["dataset"]["train"]
    return found.get("kept", samples), found.get("of", samples)


def _whole_label(method: Method) -> str:
    """Return the label of the same row on all samples."""
    return method.label.removesuffix(f", {method.prune.label}")


def _selection(method: Method, whole: Method | None) -> Selection:
    chosen = method.chosen
    kept, of = zip(*map(_kept_of, chosen), strict=True)
    return Selection(
        method=method,
        whole=None if method.prune.keeps_all else whole,
        kept=statistics.fmean(kept),
        of=statistics.fmean(of),
        scoring=_mean([_spent(record, scoring=True) for record in chosen]),
        training=_mean([_spent(record, scoring=False) for record in chosen]),
    )


def _spent(record: Record, *, scoring: bool) -> Spent:
    """Return what the scoring phase of a cell took, or all its other phases."""
    whole = {**record["traffic"], "train_s": record["time"]["train_s"]}
    phases: Sequence[Mapping[str, Any]] = record.get("phases") or [whole]
    ours = [phase for phase in phases if (phase.get("name") == SCORING) is scoring]
    return Spent(
        steps=sum(phase["steps"] for phase in ours),
        sent_bytes=sum(phase["payload_bytes_total"] + (phase.get("score_bytes") or 0) for phase in ours),
        train_s=sum(phase["train_s"] or 0.0 for phase in ours),
    )


def _mean(every: Sequence[Spent]) -> Spent:
    return Spent(
        steps=statistics.fmean(one.steps for one in every),
        sent_bytes=statistics.fmean(one.sent_bytes for one in every),
        train_s=statistics.fmean(one.train_s for one in every),
    )
