"""The answer by link: which method to use at which link speed, and how many hours that takes on a link asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rsbench import units
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import NOTICEABLE, Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.on_link import SHARE, LinkRun, OnLink, accepted_methods, candidates, known_costs
from rsbench.reports.costs.link_model import fastest_by_speed


@dataclass(frozen=True, kw_only=True)
class Advised:
    """A range of link speeds and the method to use there.

    Attributes:
        method: has the shortest modelled step of those whose accuracy is not lower.
        above_bits_per_s: lower end, 0 for the first range.
        below_bits_per_s: upper end, None for the last range.
    """

    method: Method
    above_bits_per_s: float
    below_bits_per_s: float | None

    @property
    def title(self) -> str:
        """The range: ``below 120 Mbit/s``, ``120 Mbit/s to 4 Gbit/s``, ``above 4 Gbit/s`` or ``every link speed``."""
        above = units.link_speed_text(self.above_bits_per_s) if self.above_bits_per_s else ""
        if self.below_bits_per_s is None:
            return f"above {above}" if above else "every link speed"
        below = units.link_speed_text(self.below_bits_per_s)
        return f"{above} to {below}" if above else f"below {below}"


@dataclass(frozen=True, kw_only=True)
class LinkAdvice:
    """Which method to use at which link speed.

    Attributes:
        ranges: touch and cover all speeds, slowest links first; empty where nothing can be said.
        reason: a sentence on why nothing can be said; empty where there are ranges.
    """

    ranges: tuple[Advised, ...] = ()
    reason: str = ""


def _advised_by_speed(comparison: Comparison, round_trip_s: float) -> tuple[Advised, ...]:
    """Return what to use by link speed: the candidate with the shortest modelled step, where it is noticeably so."""
    reference = comparison.reference
    by_label = {method.label: method for method in comparison.trained}
    spans = fastest_by_speed(
        tuple(known_costs(candidates(comparison), comparison)),
        round_trip_s,
        dense=None if reference is None else comparison.costs(reference),
        least_gain=NOTICEABLE,
    )
    return tuple(
        Advised(
            method=by_label[span.name],
            above_bits_per_s=span.above_bits_per_s,
            below_bits_per_s=span.below_bits_per_s,
        )
        for span in spans
    )


def advise(comparison: Comparison, round_trip_s: float = 0.0) -> LinkAdvice:
    """Return which method to use at which link speed, on links of a round trip, or why that cannot be said."""
    reference = comparison.reference
    if reference is None or len(comparison.advisable) < 2:
        return LinkAdvice(reason="There is nothing to compare.")
    if not (reference.mean("traffic", "wire_bytes_total") or 0):
        return LinkAdvice(reason="With one worker nothing is sent, so no link makes compression pay.")
    ranges = _advised_by_speed(comparison, round_trip_s)
    if not ranges:
        return LinkAdvice(reason="Step times are missing, so nothing can be said of other links.")
    doubt = next((doubt for method in accepted_methods(comparison) if (doubt := comparison.doubt(method))), "")
    if doubt:
        again = "run the same command with --rerun on an idle machine"
        return LinkAdvice(reason=f"Nothing is said of links, because {doubt}: {again}.")
    return LinkAdvice(ranges=ranges)


def advice_sentence(advice: LinkAdvice, comparison: Comparison) -> str:
    """Return ``Below 7 Gbit/s use rsdgc 100x (OA -0.3 points, 100x fewer bytes); above, do not compress.``."""
    if not advice.ranges:
        return advice.reason
    *slower, last = advice.ranges
    clauses = [f"{'from ' * (one is not slower[0])}{one.title} {_use(one.method, comparison)}" for one in slower]
    if not slower:
        clauses = [f"at every link speed {_use(last.method, comparison)}"]
    else:
        clauses.append(f"above, {_use(last.method, comparison)}")
    sentence = "; ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _use(method: Method, comparison: Comparison) -> str:
    """Return ``use rsdgc 100x (OA -0.3 points, 100x fewer bytes)``."""
    if method is comparison.reference:
        return "do not compress"
    fewer = f"{units.ratio_text(method.mean('traffic', 'compression_ratio'), 2)} fewer bytes"
    if method.sync.kind != "steps":
        fewer += f", an exchange in {method.sync.every:,} steps"
    return f"use {method.label} ({accuracy_words(method, comparison)}, {fewer})"


def accuracy_words(method: Method, comparison: Comparison) -> str:
    """Return the difference to the reference, ``OA -0.3 points``; ``~`` where it cannot be told from zero."""
    metric, gap = comparison.metric, comparison.gap(method)
    if gap is None:
        return f"{metric.heading} not comparable"
    unit = f" {numbers.gap_unit(metric)}".rstrip()
    return f"{metric.heading} {numbers.signed_text(metric, gap.mean)}{unit}{' ~' if gap.is_unclear else ''}"


def answers(on_links: Sequence[OnLink]) -> str:
    """Return a sentence a link, and once what makes their numbers doubtful; empty where nothing is known."""
    told = [on_link for on_link in on_links if on_link.best is not None and on_link.reference is not None]
    named = [run for on_link in told for run in (on_link.best, on_link.reference) if run is not None]
    return " ".join([*filter(None, map(answer, told)), *_doubts(named)])


def answer(on_link: OnLink) -> str:
    """Return which method to use on the link, with its hours beside the reference's; empty where nothing is known."""
    best, reference = on_link.best, on_link.reference
    if best is None or reference is None:
        return ""
    where = f"On {on_link.title}"
    hours, none_hours = _hours(on_link, best.run_s), _hours(on_link, reference.run_s)
    if best is reference:
        return f"{where}: do not compress: the run takes {none_hours}{_mark(best)}."
    if best.prediction.step_s > (1 - NOTICEABLE) * reference.prediction.step_s:
        return (
            f"{where}: {best.method.saving} does not pay, {best.method.label} takes {hours}{_mark(best)}, none "
            f"{none_hours}{_mark(reference)}, less than {100 * NOTICEABLE:.0f} % apart."
        )
    return (
        f"{where}: use {best.method.label}: the run takes {hours}{_mark(best)} instead of {none_hours}"
        f"{_mark(reference)} with none{_target_words(on_link, best, reference)}."
    )


def _mark(run: LinkRun) -> str:
    """Return what stands behind a number that is in doubt."""
    return " (?)" if run.prediction.doubt else ""


def _doubts(runs: Sequence[LinkRun]) -> list[str]:
    """Return one sentence for each reason for doubt, with the rows that it is about."""
    about: dict[str, dict[str, None]] = {}
    for run in runs:
        if run.prediction.doubt:
            about.setdefault(run.prediction.doubt.rstrip("."), {})[run.method.label] = None
    return [f"The model is in doubt (?) for {' and '.join(labels)}: {reason}." for reason, labels in about.items()]


def _hours(on_link: OnLink, busy_s: float) -> str:
    """Return ``3.2 h``, less than an hour as ``4 min 05 s``; with passes ``14 h in 9 passes``."""
    elapsed_s = on_link.elapsed_s(busy_s)
    hours = f"{units.significant(elapsed_s / 3600)} h" if elapsed_s >= 3600 else units.duration_text(elapsed_s)
    if on_link.contact is None:
        return hours
    passes = on_link.contact.passes(busy_s)
    return f"{hours} in {passes:,} pass{'' if passes == 1 else 'es'}"


def _target_words(on_link: OnLink, best: LinkRun, reference: LinkRun) -> str:
    """Return ``, and 0.9 h instead of 27 h to 95 % of none's best validation OA``, empty where it is not known."""
    if best.target_s is None or reference.target_s is None:
        return ""
    hours, none_hours = _hours(on_link, best.target_s), _hours(on_link, reference.target_s)
    heading = on_link.comparison.metric.heading
    return f", and {hours} instead of {none_hours} to {100 * SHARE:g} % of none's best validation {heading}"
