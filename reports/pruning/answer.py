"""What training on fewer samples gives under each compressor, in a sentence that counts the scoring phase."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench import units
from rsbench.metrics import Metric
from rsbench.recipe.prune import BUDGETS
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Difference, simultaneous
from rsbench.reports.pruning.selection import Selection, gaps_to_whole, selections_of


def selection_answer(comparison: Comparison) -> str:
    """Return sentences on each compressor whose pruned rows stand beside all samples; empty where none do.

    The best row by validation speaks for equal epochs, and one for equal steps: the test score does not choose.
    """
    selections = selections_of(comparison)
    gaps = gaps_to_whole(comparison, selections)
    wholes = [one.method for one in selections if not one.is_pruned]
    best = [_best(selections, whole, budget) for whole in wholes for budget in BUDGETS]
    chosen = [one for one in best if one is not None and gaps.get(one.method.label) is not None]
    drawn = simultaneous({one.method.label: _gap_to_random(one, selections, comparison) for one in chosen})
    told = [
        _sentence(one, selections, gaps[one.method.label], drawn[one.method.label], comparison.metric) for one in chosen
    ]
    return " ".join(told)


def _best(selections: Sequence[Selection], whole: Method, budget: str) -> Selection | None:
    """Return the pruned row of a compressor with the best validation score; one with scores, where there is one."""
    ours = [one for one in selections if one.whole is whole and one.method.prune.budget == budget]
    return max(ours, key=lambda one: (one.method.prune.scores, one.method.validated), default=None)


def _sentence(
    one: Selection, selections: Sequence[Selection], gap: Difference | None, drawn: Difference | None, metric: Metric
) -> str:
    """Return ``rsdgc 100x, tdds:0.5: 50 % of the samples and 50 % of the bytes in training, -1.2 points ...``."""
    assert one.whole is not None and gap is not None
    whole = next(other for other in selections if other.method is one.whole)
    sent = _share(one.training.sent_bytes, whole.training.sent_bytes)
    return (
        f"{one.method.label}: {_share(one.kept, one.of)} of the samples and {sent} of the bytes in training, "
        f"{_gap_words(gap, metric)} against all samples{_against_random(drawn, metric)}; {_scoring_words(one, whole)}."
    )


def _gap_words(gap: Difference, metric: Metric) -> str:
    """Return ``-1.2 points [-2.0, -0.4]``, or ``-1.2 points (one seed tells nothing)``."""
    unit, unclear = f" {numbers.gap_unit(metric)}".rstrip(), " ~" if gap.is_unclear else ""
    words = f"{numbers.signed_text(metric, gap.mean)}{unit}{numbers.interval_text(metric, gap)}{unclear}"
    return f"{words} (one seed tells nothing)" if gap.p is None else words


def _scoring_words(one: Selection, whole: Selection) -> str:
    """Return what scoring costs, and whether anything is saved in all."""
    all_bytes, of_whole = one.total.sent_bytes, whole.total.sent_bytes
    in_all = f"{_share(all_bytes, of_whole)} of what training on all samples does"
    if not one.scoring.steps:
        return f"nothing is scored, and it sends {in_all}"
    scoring = f"scoring sends {units.bytes_text(one.scoring.sent_bytes)}, so that in all it sends {in_all}"
    return scoring if all_bytes < of_whole else f"{scoring}: no bytes are saved"


def _gap_to_random(one: Selection, selections: Sequence[Selection], comparison: Comparison) -> Difference | None:
    """Return the paired difference to as many samples drawn at random with the same budget."""
    other = next((other for other in selections if _is_draw_like(other, one)), None)
    if other is None or not one.method.prune.scores:
        return None
    return comparison.difference(one.method, other.method)


def _is_draw_like(other: Selection, one: Selection) -> bool:
    """Tell whether a row draws at random what another chooses by scores."""
    drawn, chosen = other.method.prune, one.method.prune
    same = other.whole is one.whole and (drawn.share, drawn.budget) == (chosen.share, chosen.budget)
    return drawn.kind == "random" and same


def _against_random(gap: Difference | None, metric: Metric) -> str:
    """Return whether scores choose better than chance, as far as the seeds tell; empty where nothing is drawn."""
    if gap is None:
        return ""
    told = f" and {_gap_words(gap, metric)} against as many at random"
    return f"{told} (no difference can be told from {gap.count} seeds)" if gap.is_unclear else told


def _share(part: float, whole: float) -> str:
    """Return ``50 %``."""
    return f"{100 * part / whole:.3g} %" if whole else units.DASH
