"""The answer to how often to speak: at about equal bytes, compression at every step or rounds of local steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from rsbench.metrics import Metric
from rsbench.recipe.sync import Kind
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Difference, simultaneous

RATIOS: Final = (20.0, 100.0, 1000.0)
"""How many times fewer bytes rows are grouped by, where no row was asked for a ratio."""
NEAR: Final = 0.25
"""Share of a group's ratio by which the ratio that a row reached may differ from it."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """The best row of each way of sending about as many bytes.

    Attributes:
        ratio: how many times fewer bytes than none at every step.
        best: kind of exchange -> row.
    """

    ratio: float
    best: dict[Kind, Method]

    @property
    def pairs(self) -> list[tuple[Kind, Kind]]:
        """What is compared: rounds with compression at every step, then accumulated gradients with rounds."""
        pairs: list[tuple[Kind, Kind]] = [("rounds", "steps"), ("accumulate", "rounds")]
        return [pair for pair in pairs if set(pair) <= self.best.keys()]


def groups_of(comparison: Comparison) -> list[Group]:
    """Return the groups in which a row of rounds and a compressed one at every step send about as much.

    A row belongs to the group whose ratio is nearest to the one it reached in bytes, if that is within a quarter of
    it. The best row of a way is that with the highest mean validation score: the test score does not choose.
    """
    rows = [method for method in comparison.advisable if not method.is_dense]
    asked = {float(ratio) for method in rows if (ratio := method.records[0]["cell"]["ratio"]) is not None}
    ratios = sorted(asked or set(RATIOS))
    members: dict[float, dict[Kind, list[Method]]] = {}
    for method in rows:
        near = _nearest(method.mean("traffic", "compression_ratio"), ratios)
        if near is not None:
            members.setdefault(near, {}).setdefault(method.sync.kind, []).append(method)
    groups = [
        Group(
            ratio=ratio,
            best={kind: max(methods, key=attrgetter("validated")) for kind, methods in members[ratio].items()},
        )
        for ratio in sorted(members)
    ]
    return [group for group in groups if {"steps", "rounds"} <= group.best.keys()]


def _nearest(reached: float | None, ratios: Sequence[float]) -> float | None:
    """Return the ratio from which another one differs least, None if it differs by more than a quarter."""
    if reached is None:
        return None
    apart, near = min((abs(reached / ratio - 1), ratio) for ratio in ratios)
    return near if apart <= NEAR else None


def sync_answer(comparison: Comparison) -> str:
    """Return a sentence for each group on which way wins; empty where rows exchange in one way only."""
    kinds = {method.sync.kind for method in comparison.advisable if not method.is_dense}
    if not {"steps", "rounds"} <= kinds:
        return ""
    groups = groups_of(comparison)
    if not groups:
        return (
            "No row of rounds sends about as many bytes as a compressed one that exchanges at every step, so nothing "
            "is said of which way wins at equal bytes."
        )
    gaps = simultaneous(
        {
            (group.ratio, one, other): comparison.difference(group.best[one], group.best[other])
            for group in groups
            for one, other in group.pairs
        }
    )
    told = [_sentence(group, [gaps[group.ratio, *pair] for pair in group.pairs], comparison.metric) for group in groups]
    tested = sum(gap is not None and gap.p is not None for gap in gaps.values())
    about = "In each group a way stands with its best row by validation"
    together = f"; intervals hold together for {tested} comparisons" if tested > 1 else ""
    return " ".join([*told, f"{about}{together}."])


def _sentence(group: Group, gaps: Sequence[Difference | None], metric: Metric) -> str:
    """Return ``At about 100x fewer bytes rounds win: none, rounds:100 87.1 % against ...``."""
    clauses = [
        _clause(group, pair, gap, metric) for pair, gap in zip(group.pairs, gaps, strict=True) if gap is not None
    ]
    return f"At about {group.ratio:,g}x fewer bytes {_verdict(gaps[0])}: {'; '.join(clauses)}." if clauses else ""


def _verdict(gap: Difference | None) -> str:
    """Return which of rounds and compression at every step wins, as far as the seeds tell."""
    if gap is None:
        return "rounds and compression at every step have no seed in common"
    if gap.p is None:
        return "one seed tells nothing"
    if gap.is_unclear:
        return f"no difference between rounds and compression at every step can be told from {gap.count} seeds"
    return "rounds win" if gap.mean > 0 else "compression at every step wins"


def _clause(group: Group, pair: tuple[Kind, Kind], gap: Difference, metric: Metric) -> str:
    """Return ``none, rounds:100 87.1 % against 84.3 % of rsdgc 100x at every step (+2.8 points [+1.0, +4.6])``.

    The better row of a pair stands first where they are the two ways that the question is about.
    """
    one, other = pair
    if one == "rounds" and gap.mean < 0:
        one, other, gap = other, one, gap.turned
    unit, unclear = f" {numbers.gap_unit(metric)}".rstrip(), " ~" if gap.is_unclear else ""
    difference = f"{numbers.signed_text(metric, gap.mean)}{unit}{numbers.interval_text(metric, gap)}{unclear}"
    if one == "accumulate":
        return f"{_scored(group.best[one], metric)} (against these rounds {difference})"
    against = f"{_score(group.best[other], metric)} of {_called(group.best[other])}"
    return f"{_scored(group.best[one], metric)} against {against} ({difference})"


def _called(method: Method) -> str:
    """Return a row's label, which says by itself how often it exchanges unless it does at every step."""
    return f"{method.label} at every step" if method.sync.kind == "steps" else method.label


def _scored(method: Method, metric: Metric) -> str:
    return f"{_called(method)} {_score(method, metric)}"


def _score(method: Method, metric: Metric) -> str:
    """Return a row's mean test score with its unit."""
    score = method.test(metric.name)
    return numbers.score_text(metric, None if score is None else score.mean, unit=True)
