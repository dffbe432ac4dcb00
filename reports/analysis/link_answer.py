"""The sentence that answers for a link: which method to use, and how many hours that takes instead of how many."""

from __future__ import annotations

from rsbench import units
from rsbench.reports.analysis.comparison import NOTICEABLE
from rsbench.reports.analysis.on_link import SHARE, LinkRun, OnLink


def answer(on_link: OnLink) -> str:
    """Return which method to use on the link, with its hours beside the reference's; empty where nothing is known."""
    best, reference = on_link.best, on_link.reference
    if best is None or reference is None:
        return ""
    where = f"On {on_link.title}:"
    hours, none_hours = _hours(on_link, best.run_s), _hours(on_link, reference.run_s)
    doubt = "".join(_doubt_words(run) for run in (best, reference) if run.prediction.doubt)
    if best is reference:
        doubt = doubt and _doubt_words(best)
        return f"{where} do not compress: the run takes {none_hours}.{doubt}"
    if best.prediction.step_s > (1 - NOTICEABLE) * reference.prediction.step_s:
        words = f"less than {100 * NOTICEABLE:.0f} % apart"
        return (
            f"{where} compression does not pay, {best.method.label} takes {hours}, none {none_hours}, {words}.{doubt}"
        )
    return (
        f"{where} use {best.method.label}: the run takes {hours} instead of {none_hours} of none"
        f"{_target_words(on_link, best, reference)}.{doubt}"
    )


def _hours(on_link: OnLink, busy_s: float) -> str:
    """Return ``3.2 h``; with passes ``14 h in 9 passes``."""
    hours = f"{units.significant(on_link.elapsed_s(busy_s) / 3600)} h"
    if on_link.contact is None:
        return hours
    passes = on_link.contact.passes(busy_s)
    return f"{hours} in {passes:,} pass{'' if passes == 1 else 'es'}"


def _doubt_words(run: LinkRun) -> str:
    """Return why the model's number for a row is not to be trusted."""
    return f" The model is in doubt for {run.method.label} (?): {run.prediction.doubt.rstrip('.')}."


def _target_words(on_link: OnLink, best: LinkRun, reference: LinkRun) -> str:
    """Return ``, and 0.9 h instead of 27 h to 95 % of its best validation OA``, empty where it is not known."""
    if best.target_s is None or reference.target_s is None:
        return ""
    hours, none_hours = _hours(on_link, best.target_s), _hours(on_link, reference.target_s)
    heading = on_link.comparison.metric.heading
    return f", and {hours} instead of {none_hours} to {100 * SHARE:g} % of its best validation {heading}"
