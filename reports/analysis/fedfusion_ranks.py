"""Ranks of the model ``fedfusion`` on the same work: the smallest that scores about as well as full rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rsbench.metrics import Metric
from rsbench.recipe.fedfusion import FEATURES
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import paired_difference

CLOSE: Final = 0.02
"""Two points of OA: how far below full rank a rank may score and still be named."""


def rank_sentences(group: Sequence[Comparison]) -> list[str]:
    """Return one sentence a method and way to join on the smallest rank within two points of full rank.

    Args:
        group: settings that differ in their model only.

    Returns:
        Nothing where full rank or all other ranks have no finished row of the method, or no seed in common.
    """
    metric = group[0].metric
    found = ((label, join, _gaps_to_full(ranks, metric)) for (label, join), ranks in _by_rank(group).items())
    return [_sentence(label, join, gaps, metric) for label, join, gaps in found if gaps]


def _by_rank(group: Sequence[Comparison]) -> dict[tuple[str, str], dict[int, Method]]:
    """Return (method's label, way to join) -> rank -> finished row."""
    rows: dict[tuple[str, str], dict[int, Method]] = {}
    for comparison in group:
        for method in comparison.trained:
            facts = method.chosen[0]["model"].get("fedfusion")
            if facts is not None:
                rows.setdefault((method.label, facts["join"]), {})[facts["rank"]] = method
    return rows


def _gaps_to_full(ranks: Mapping[int, Method], metric: Metric) -> dict[int, float]:
    """Return rank -> the mean difference to full rank over common seeds, smallest rank first; empty without full."""
    if FEATURES not in ranks:
        return {}
    full = ranks[FEATURES].test_by_seed(metric.name)
    gaps = {rank: paired_difference(ranks[rank].test_by_seed(metric.name), full) for rank in sorted(ranks)}
    return {rank: gap.mean for rank, gap in gaps.items() if gap is not None and rank != FEATURES}


def _sentence(label: str, join: str, gaps: Mapping[int, float], metric: Metric) -> str:
    """Return which rank is the smallest of those close to full rank, or that none is."""
    start = f"After FedFusion (join={join}), {label}:"
    within = f"within {numbers.threshold_text(metric, CLOSE)} of full rank"
    close = [rank for rank, gap in gaps.items() if gap >= -CLOSE]
    rank = close[0] if close else max(gaps, key=lambda rank: gaps[rank])
    off = numbers.signed_text(metric, gaps[rank])
    if close:
        return f"{start} the smallest rank {within} is r = {rank} ({off})."
    return f"{start} no rank is {within}; the nearest is r = {rank} ({off})."
