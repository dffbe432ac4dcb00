"""The sentence that answers for a link: which method to use, and how many hours that takes instead of how many."""

from __future__ import annotations

from collections.abc import Sequence

from rsbench import units
from rsbench.reports.analysis.comparison import NOTICEABLE
from rsbench.reports.analysis.on_link import SHARE, LinkRun, OnLink


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
        f"{_mark(reference)} of none{_target_words(on_link, best, reference)}."
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
    """Return ``, and 0.9 h instead of 27 h to 95 % of its best validation OA``, empty where it is not known."""
    if best.target_s is None or reference.target_s is None:
        return ""
    hours, none_hours = _hours(on_link, best.target_s), _hours(on_link, reference.target_s)
    heading = on_link.comparison.metric.heading
    return f", and {hours} instead of {none_hours} to {100 * SHARE:g} % of its best validation {heading}"
