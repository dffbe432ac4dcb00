"""Time of a run against the speed of the link, one curve a method, with what to use where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rsbench import units
from rsbench.links.link import Link
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.link_answer import Advised, advise
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.figure import Axis, Mark, Panel, Region, RegionLines, Series, Unit, more_in_tables

SLOWEST_BITS_PER_S: Final = 1e4
FASTEST_BITS_PER_S: Final = 1e11
POINTS_PER_DECADE: Final = 8
MOST_LATENCIES: Final = 3
"""Round trips that have a figure of their own."""
_NOTE: Final = "Modelled: steps x step on a link of that speed in both directions, without validation."
_SHADED: Final = "Shaded: the method to use, the fastest of those whose accuracy is not lower than none's."
_ASKED: Final = "Dashed: links that were asked for, at the speed of their slower direction."


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """One method's run in seconds by link speed."""

    method: Method
    run_s: tuple[float, ...]


def link_speeds_panel(
    comparison: Comparison,
    links: Sequence[Link],
    ranked: Sequence[Method],
    marks: Mapping[str, Mark],
    most: int,
) -> Panel | None:
    """Return one figure a round trip of the links, without any one without latency; None where no costs are known.

    Of too many methods, the reference, those that are the fastest somewhere, and the first of the others are drawn.

    Args:
        comparison: the setting.
        links: those that were asked for, which are marked.
        ranked: all methods that train, the most important first.
        marks: by label, in the order of the tables.
        most: lines that can be told apart.
    """
    methods = sorted(ranked, key=lambda method: list(marks).index(method.label))
    latencies = list(dict.fromkeys(link.round_trip_s for link in links))[:MOST_LATENCIES] or [0.0]
    figures = [
        figure
        for round_trip_s in latencies
        if (figure := _figure(comparison, round_trip_s, links, methods, marks)) is not None
    ]
    if not figures:
        return None
    known = {one.mark.label for one in figures[0].series}
    fastest = [region.mark.label for figure in figures for region in figure.regions]
    drawn = _most_telling(fastest, [method.label for method in ranked if method.label in known], most)
    return Panel(
        title="Time against link speed",
        figures=tuple(
            replace(figure, series=tuple(one for one in figure.series if one.mark.label in drawn)) for figure in figures
        ),
        note=" ".join(
            filter(
                None,
                [_NOTE, _SHADED if fastest else "", _ASKED if links else "", more_in_tables(len(known) - len(drawn))],
            )
        ),
        is_hero=True,
    )


def _most_telling(fastest: Sequence[str], ranked: Sequence[str], most: int) -> set[str]:
    """Return the labels to draw: the reference, which is ranked first, the fastest somewhere, then the next ranked."""
    return set(list(dict.fromkeys([*ranked[:1], *fastest, *ranked]))[:most])


def _figure(
    comparison: Comparison,
    round_trip_s: float,
    links: Sequence[Link],
    methods: Sequence[Method],
    marks: Mapping[str, Mark],
) -> RegionLines | None:
    """Return the curves of all methods at one round trip, None where there is none."""
    ranges = advise(comparison, round_trip_s).ranges
    speeds = _speeds([*(link.bits_per_s for link in links), *_borders(ranges)])
    curves = [curve for method in methods if (curve := _curve(comparison, method, speeds, round_trip_s)) is not None]
    if not curves:
        return None
    latency = f"{units.ms_text(round_trip_s)} ms round trip" if round_trip_s else "no latency"
    unit, seconds = _time_unit(next((curve for curve in curves if curve.method is comparison.reference), curves[0]))
    series = (
        Series(
            mark=marks[curve.method.label],
            x=speeds,
            y=tuple(run_s / seconds for run_s in curve.run_s),
            half=(None,) * len(speeds),
            tip=curve.method.label,
        )
        for curve in curves
    )
    return RegionLines(
        title=f"Time of the run, {latency}",
        caption="",
        x=Axis(title="link speed of a worker", unit="bit/s", log=True),
        y=Axis(title="run", unit=unit, log=True),
        series=tuple(series),
        regions=_regions(ranges, speeds, marks),
        places=tuple(
            (link.name or units.link_speed_text(link.bits_per_s), link.bits_per_s)
            for link in links
            if link.round_trip_s == round_trip_s and speeds[0] <= link.bits_per_s <= speeds[-1]
        ),
    )


def _borders(ranges: Sequence[Advised]) -> list[float]:
    """Return the link speeds at which another method becomes the fastest."""
    return [one.above_bits_per_s for one in ranges[1:]]


def _speeds(shown: Sequence[float]) -> tuple[float, ...]:
    """Return the link speeds that are drawn, in bit/s, evenly spaced on a logarithmic axis.

    Args:
        shown: speeds that the axis has to show, with room on both sides: two decades below, one above.
    """
    places = [math.log10(speed) for speed in shown if SLOWEST_BITS_PER_S <= speed <= FASTEST_BITS_PER_S] or [8.0]
    first = max(math.floor(min(places)) - 2, round(math.log10(SLOWEST_BITS_PER_S)))
    last = min(math.ceil(max(places)) + 1, round(math.log10(FASTEST_BITS_PER_S)))
    count = (last - first) * POINTS_PER_DECADE
    return tuple(10.0 ** (first + number / POINTS_PER_DECADE) for number in range(count + 1))


def _curve(comparison: Comparison, method: Method, speeds: Sequence[float], round_trip_s: float) -> _Curve | None:
    """Return a method's run at each speed, None where its costs are unknown."""
    steps, costs = method.mean("traffic", "steps"), comparison.costs(method)
    if not steps or costs is None:
        return None
    links = (Link(down_bits_per_s=speed, up_bits_per_s=speed, round_trip_s=round_trip_s) for speed in speeds)
    run_s = tuple(steps * costs.step_time_s(link) for link in links)
    return _Curve(method=method, run_s=run_s) if min(run_s) > 0 else None


def _time_unit(curve: _Curve) -> tuple[Unit, float]:
    """Return the unit that suits the middle of a curve on a logarithmic axis, and its seconds."""
    middle_s = math.sqrt(min(curve.run_s) * max(curve.run_s))
    return ("h", 3600.0) if middle_s >= 3600 else ("min", 60.0) if middle_s >= 60 else ("s", 1.0)


def _regions(ranges: Sequence[Advised], speeds: Sequence[float], marks: Mapping[str, Mark]) -> tuple[Region, ...]:
    """Return what to use where, as far as the axis goes."""
    regions = []
    for one in ranges:
        low = max(one.above_bits_per_s, speeds[0])
        high = min(one.below_bits_per_s or speeds[-1], speeds[-1])
        if low < high:
            tip = f"{one.method.label} is the one to use: {one.title}"
            regions.append(Region(mark=marks[one.method.label], low=low, high=high, tip=tip))
    return tuple(regions)
