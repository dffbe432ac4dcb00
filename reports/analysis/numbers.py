"""Scores, differences and break-even points as people read them. ``None`` is shown as a dash."""

from __future__ import annotations

from rsbench.metrics import Metric
from rsbench.reports.analysis.statistics.differences import Difference, Spread
from rsbench.reports.costs.link_model import BreakEven
from rsbench.units import DASH, link_speed_range_text, link_speed_text


def score_text(metric: Metric, value: float | None, *, unit: bool = False) -> str:
    """Return 0.7142 as ``71.4`` for OA and as ``0.7142`` for an AUC; ``71.4 %`` with the unit."""
    if value is None:
        return DASH
    return f"{_scale(metric) * value:.{metric.decimals}f}{' %' if unit and metric.percent else ''}"


def spread_text(metric: Metric, over_seeds: Spread | None) -> str:
    """Return ``71.4 ± 0.6``, without ± from one seed."""
    if over_seeds is None:
        return DASH
    sd = "" if over_seeds.sd is None else f" ± {score_text(metric, over_seeds.sd)}"
    return score_text(metric, over_seeds.mean) + sd


def gap_text(metric: Metric, gap: Difference | None) -> str:
    """Return ``+1.2 [-0.3, +2.7] ~`` in points or the metric's unit; ``~`` when it cannot be told from zero."""
    if gap is None:
        return DASH
    return f"{signed_text(metric, gap.mean)}{interval_text(metric, gap)}{' ~' if gap.is_unclear else ''}"


def interval_text(metric: Metric, gap: Difference) -> str:
    """Return `` [-0.3, +2.7]`` with a space before it, an empty text where there is no interval."""
    if gap.low is None or gap.high is None:
        return ""
    return f" [{signed_text(metric, gap.low)}, {signed_text(metric, gap.high)}]"


def signed_text(metric: Metric, value: float) -> str:
    """Return 0.012 as ``+1.2`` for OA, as ``+0.0120`` for an AUC."""
    return f"{_scale(metric) * value:+.{metric.decimals}f}"


def points_text(metric: Metric, value: float) -> str:
    """Return 0.012 as ``1.2 points`` for OA, as ``0.0120`` for an AUC."""
    return f"{_scale(metric) * value:.{metric.decimals}f}{' points' if metric.percent else ''}"


def threshold_text(metric: Metric, value: float) -> str:
    """Return 0.03 as ``3 points`` for OA, as ``0.03`` for an AUC."""
    return f"{_scale(metric) * value:g}{' points' if metric.percent else ''}"


def score_unit(metric: Metric) -> str:
    """Return the unit of a score's column."""
    return "%" if metric.percent else ""


def gap_unit(metric: Metric) -> str:
    """Return the unit of a column of differences."""
    return "points" if metric.percent else ""


def break_even_text(point: BreakEven | None) -> str:
    """Return ``< 120 Mbit/s``, ``> 1.2 Gbit/s``, ``always`` or ``never``; ``?`` where it is not to be trusted.

    From several seeds with their range: ``< 120 [110, 140] Mbit/s``.
    """
    if point is None:
        return DASH
    if point.doubt:
        return "?"
    if point.bits_per_s is None:
        return point.case
    speed = link_speed_text(point.bits_per_s)
    if point.low_bits_per_s is not None and point.high_bits_per_s is not None:
        speed = link_speed_range_text(point.bits_per_s, point.low_bits_per_s, point.high_bits_per_s)
    return f"{'<' if point.case == 'below' else '>'} {speed}"


def _scale(metric: Metric) -> int:
    """Return by what a fraction is multiplied to be read."""
    return 100 if metric.percent else 1
