"""Numbers as people read them. ``None`` is shown as a dash everywhere."""

from __future__ import annotations

from rsbench.metrics import Metric
from rsbench.reports.analysis.link_model import BreakEven
from rsbench.reports.analysis.statistics import Difference, Spread
from rsbench.units import DASH, speed


def score(metric: Metric, value: float | None, *, unit: bool = False) -> str:
    """Return 0.7142 as ``71.4`` for OA and as ``0.7142`` for an AUC; ``71.4 %`` with the unit."""
    if value is None:
        return DASH
    return f"{_scale(metric) * value:.{metric.decimals}f}{' %' if unit and metric.percent else ''}"


def score_spread(metric: Metric, over_seeds: Spread | None) -> str:
    """Return ``71.4 ± 0.6``, without ± from one seed."""
    if over_seeds is None:
        return DASH
    return score(metric, over_seeds.mean) + ("" if over_seeds.sd is None else f" ± {score(metric, over_seeds.sd)}")


def gap(metric: Metric, difference: Difference | None) -> str:
    """Return ``+1.2 [-0.3, +2.7] ~`` in points or the metric's unit; ``~`` when it cannot be told from zero."""
    if difference is None:
        return DASH
    text = signed(metric, difference.mean)
    unclear = " ~" if difference.is_unclear else ""
    if difference.low is None or difference.high is None:
        return text + unclear
    return f"{text} [{signed(metric, difference.low)}, {signed(metric, difference.high)}]{unclear}"


def signed(metric: Metric, value: float) -> str:
    """Return 0.012 as ``+1.2`` for OA, as ``+0.0120`` for an AUC."""
    return f"{_scale(metric) * value:+.{metric.decimals}f}"


def amount(metric: Metric, value: float) -> str:
    """Return 0.012 as ``1.2 points`` for OA, as ``0.0120`` for an AUC."""
    return f"{_scale(metric) * value:.{metric.decimals}f}{' points' if metric.percent else ''}"


def limit(metric: Metric, value: float) -> str:
    """Return 0.03 as ``3 points`` for OA, as ``0.03`` for an AUC."""
    return f"{_scale(metric) * value:g}{' points' if metric.percent else ''}"


def score_unit(metric: Metric) -> str:
    """Return the unit of a score's column."""
    return "%" if metric.percent else ""


def gap_unit(metric: Metric) -> str:
    """Return the unit of a column of differences."""
    return "points" if metric.percent else ""


def _scale(metric: Metric) -> int:
    return 100 if metric.percent else 1


def break_even_text(point: BreakEven | None) -> str:
    """Return ``< 120 Mbit/s``, ``> 1.2 Gbit/s``, ``always`` or ``never``."""
    if point is None:
        return DASH
    if point.bits_per_s is None:
        return point.case
    return f"{'<' if point.case == 'below' else '>'} {speed(point.bits_per_s)}"
