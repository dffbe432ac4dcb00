"""Numbers as people read them. ``None`` is shown as a dash everywhere."""

from __future__ import annotations

import math

from rsbench.measure.wire import BreakEven
from rsbench.metrics import Metric
from rsbench.reports.analysis.statistics import Difference, Spread

DASH = "-"
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")


def one_line(text: str) -> str:
    """Return a text on one line; control characters, which may do anything to a terminal, are spaces."""
    return " ".join(text.translate(_CONTROLS).split())


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits and no exponent."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    return f"{rounded:.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


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


def count(number: int, noun: str) -> str:
    """Return ``1 cell`` or ``3 cells``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def milliseconds(seconds: float | None) -> str:
    """Return seconds as ms with three digits, two decimals at most."""
    if seconds is None:
        return DASH
    return significant(1000 * seconds) if abs(seconds) >= 0.001 else f"{1000 * seconds:.2f}"


def times(ratio: float | None, digits: int = 3) -> str:
    """Return a ratio as ``100x``; whole numbers keep all their digits."""
    if ratio is None or not math.isfinite(ratio):
        return DASH
    return f"{ratio:.0f}x" if abs(ratio) >= 10**digits else f"{significant(ratio, digits)}x"


def _scaled(value: float, names: tuple[str, ...], digits: int) -> str:
    """Return a value with the largest of its decimal units that keeps it at 1 or more."""
    index = 0
    while index < len(names) - 1 and float(significant(value, digits)) >= 1000:
        value, index = value / 1000, index + 1
    return f"{significant(value, digits)} {names[index]}"


def data_size(count_bytes: float | None) -> str:
    """Return bytes in decimal units: ``45.3 kB``."""
    if count_bytes is None:
        return DASH
    return _scaled(count_bytes, ("B", "kB", "MB", "GB", "TB"), 3)


def speed(bits_per_s: float) -> str:
    """Return a link speed with two digits: ``120 Mbit/s``. Two, because it is modelled."""
    return _scaled(bits_per_s, ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"), 2)


def break_even_text(point: BreakEven | None) -> str:
    """Return ``< 120 Mbit/s``, ``> 1.2 Gbit/s``, ``always`` or ``never``."""
    if point is None:
        return DASH
    if point.bits_per_s is None:
        return point.case
    return f"{'<' if point.case == 'below' else '>'} {speed(point.bits_per_s)}"
