"""When a method's validation score first reaches a share of the reference's best."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Spread, spread

SHARES: Final = (0.90, 0.95, 0.99)
"""Targets, as shares of the best mean validation score that the reference had after any epoch."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What a method needed to reach a validation score.

    Attributes:
        reached: seeds that reached it.
        count: seeds in all.
        elapsed_s: seconds of training steps, over seeds; None unless all seeds reached it.
        payload_bytes_total: bytes handed to collectives by then, those that exchange scores among them.
        step: optimizer steps by then.
    """

    reached: int
    count: int
    elapsed_s: Spread | None = None
    payload_bytes_total: Spread | None = None
    step: Spread | None = None


def targets(reference: Method) -> dict[float, float]:
    """Return share -> validation score to be reached, by ``SHARES``; empty where no history was kept.

    The score that the shares are of is the highest, over epochs, of the reference's mean over seeds. Epochs that not
    all of its seeds have do not count.
    """
    curves = [_scores(entries) for entries in reference.histories.values()]
    common = set.intersection(*map(set, curves)) if curves else set()
    best = max((statistics.fmean(curve[step] for curve in curves) for step in common), default=None)
    return {} if best is None else {share: share * best for share in SHARES}


def reach(method: Method, target: float) -> Reached:
    """Return what each seed needed until its validation score first was ``target`` or more, averaged over seeds."""
    first = []
    for entries in method.histories.values():
        ordered = sorted(entries, key=lambda entry: int(entry["step"]))
        first.append(next((entry for entry in ordered if (entry["val_score"] or 0.0) >= target), None))
    reached = [entry for entry in first if entry is not None]
    if not reached or len(reached) < len(first):
        return Reached(reached=len(reached), count=len(first))
    return Reached(
        reached=len(reached),
        count=len(first),
        elapsed_s=_over_seeds(reached, "elapsed_s"),
        payload_bytes_total=_over_seeds([{"sent": sent_bytes(entry)} for entry in reached], "sent"),
        step=_over_seeds(reached, "step"),
    )


def sent_bytes(entry: Mapping[str, Any]) -> float | None:
    """Return what a worker handed over by an entry of a history: payload and the exchange of scores."""
    payload = entry["payload_bytes_total"]
    return None if payload is None else float(payload) + (entry.get("score_bytes") or 0)


def _scores(entries: Sequence[dict[str, Any]]) -> dict[int, float]:
    """Return step -> validation score where there is one."""
    return {int(entry["step"]): float(entry["val_score"]) for entry in entries if entry["val_score"] is not None}


def _over_seeds(entries: Sequence[dict[str, Any]], name: str) -> Spread | None:
    """Return a field over seeds, None where any of them lacks it."""
    values = [entry[name] for entry in entries]
    return None if None in values else spread([float(value) for value in values])
