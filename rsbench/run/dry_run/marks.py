"""Marks of cells whose bytes will not be as asked."""

from __future__ import annotations

from typing import Final

from rsbench import compressors
from rsbench.measure import asked_ratio
from rsbench.planning.job import Job
from rsbench.reports.document.table import Notes

STEPS: Final = {"density": "a block", "rank": "a column of a factor", "levels": "a bit of each value"}
"""Setting that a ratio chooses -> the least by which it changes what is sent."""


def miss_marks(job: Job, notes: Notes) -> list[str]:
    """Return a mark where the asked ratio will be missed, or may be; none where it will be met."""
    spec, estimate = job.spec, job.estimate
    promised = asked_ratio.sent_ratio({"ratio": spec.ratio, "match": spec.match}, estimate.ratios)
    if spec.ratio is None or promised is None:
        return []
    difference = asked_ratio.difference(spec.ratio, promised)
    furthest = abs(difference) + estimate.uncertain_share
    if furthest <= asked_ratio.TOLERANCE:
        return []
    words = f"differ by {100 * difference:+.1f} %"
    if estimate.uncertain_share > asked_ratio.TOLERANCE:
        words = f"differ by up to {100 * furthest:.0f} %, as the weights will have it"
    name = f"{spec.compressor} {spec.ratio:g}x on {spec.model}"
    step = STEPS.get(compressors.parse(spec.compressor).setting, "an exchange")
    text = f"{name}: asked and sent ratio {words}; {step} is much of so few bytes, or the run has few steps."
    return [notes.mark(text)]
