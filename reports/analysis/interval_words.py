"""What a report says of its intervals: how they are made, what they are about, and what one seed tells without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rsbench import units
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Difference
from rsbench.reports.analysis.statistics.images import ImageDifference, discordance

Gaps = Mapping[str, Difference | None]
"""The differences of a table by the names of its rows."""

LEAST_P: Final = 0.001
"""Below it the size of a p value tells nothing."""
ABOUT_ONE_SEED: Final = (
    "What McNemar's exact test says of one seed is about two trained networks on these images, not about the methods."
)
MOST_NAMED: Final = 4
"""Rows that a note names; of more it says how many."""


def about_words(comparison: Comparison, gaps: Gaps) -> str:
    """Return what the intervals of a table are about: other seeds and images, other seeds alone, or new data."""
    sample = comparison.task.sample
    if comparison.judging.intervals == "new-data":
        return (
            f"They are about new {sample}s of the same kind: corrected resampled t (Nadeau and Bengio 2003), "
            f"{comparison.test_per_train:.3g} test {sample}s for each that trains."
        )
    over_images = [gap for gap in gaps.values() if isinstance(gap, ImageDifference)]
    if over_images:
        return _image_words(sample, over_images[0].images, gaps)
    if comparison.has_one_test_set:
        return (
            f"They are about other seeds on these test {sample}s, which all seeds share, not about other {sample}s "
            "(--intervals new-data)."
        )
    return (
        f"Each seed has test {sample}s of its own, and the seeds' parts overlap: as claims on new {sample}s these "
        "intervals are too narrow (--intervals new-data)."
    )


def together_words(gaps: Gaps, among: str) -> str:
    """Return ``hold together for the 3 comparisons with none``, or ``are of one comparison``."""
    count = sum(gap is not None and gap.p is not None for gap in gaps.values())
    return f"hold together for the {count} comparisons {among}" if count > 1 else "are of one comparison"


def method_words(gaps: Gaps) -> str:
    """Return by which test intervals are made: ``paired t``, over seeds or over seeds and images."""
    return f"paired t{' over seeds and images' if any(isinstance(g, ImageDifference) for g in gaps.values()) else ''}"


def one_seed_words(method: Method, base: Method) -> str:
    """Return on how many images two networks of one seed differ, with the p value of McNemar's test.

    Empty where they have several seeds in common or none, or where records do not say which images were right.
    """
    seeds = method.answers.keys() & base.answers.keys()
    found = discordance(method.answers[min(seeds)], base.answers[min(seeds)]) if len(seeds) == 1 else None
    if found is None:
        return ""
    return (
        f"Of {found.images:,} test images {method.label} alone got {found.ours:,} right and {base.label} alone "
        f"{found.theirs:,} ({'p < 0.001' if found.p < LEAST_P else f'p = {units.significant(found.p, 2)}'})."
    )


def _image_words(sample: str, images: int, gaps: Gaps) -> str:
    """Return what intervals over seeds and images are about, and which rows of the table have others."""
    words = (
        f"They are about other seeds and other test {sample}s of the same kind: both count as drawn, the {images:,} "
        f"test {sample}s once for all seeds (--intervals test-set: about other seeds alone)."
    )
    others = [name for name, gap in gaps.items() if gap and gap.p is not None and not isinstance(gap, ImageDifference)]
    if not others:
        return words
    rows = ", ".join(others) if len(others) <= MOST_NAMED else units.count_text(len(others), "row")
    return f"{words} Not so those of {rows}, whose records do not say which {sample}s were right: other seeds alone."
