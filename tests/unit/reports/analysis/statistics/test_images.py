from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rsbench.reports.analysis.statistics.differences import (
    Difference,
    paired_difference,
    simultaneous,
    t_quantile,
)
from rsbench.reports.analysis.statistics.images import (
    Answers,
    ImageDifference,
    discordance,
    over_images,
)
from rsbench.results.correctness import packed

Bits = NDArray[np.bool_]


def answers(right: Bits, data: str = "f00d") -> dict[int, Answers]:
    return {seed: Answers(packed(row), row.size, data) for seed, row in enumerate(right)}


def judged(ours: Bits, theirs: Bits) -> Difference:
    """The difference of two methods, shape [seeds, images] each."""
    scores = [{seed: float(row.mean()) for seed, row in enumerate(right)} for right in (ours, theirs)]
    alone = paired_difference(*scores)
    assert alone is not None
    return over_images(alone, answers(ours), answers(theirs))


def drawn(seed: int, seeds: int, images: int, *, own: float = 1.0) -> tuple[Bits, Bits]:
    """Two methods of which each is better on images of its own."""
    rng = np.random.default_rng(seed)

    def right(level: float) -> Bits:
        latent = level + own * rng.normal(size=images) + 0.2 * rng.normal(size=(seeds, 1))
        return np.asarray(latent + rng.normal(size=(seeds, images)) > 0)

    return right(1.2), right(1.0)


def by_loops(table: list[list[int]]) -> tuple[float, float]:
    """Squared errors over seeds and over images, from the textbook's sums of squares, element by element."""
    seeds, images = len(table), len(table[0])
    mean = sum(map(sum, table)) / (seeds * images)
    of_seed = [sum(row) / images for row in table]
    of_image = [sum(row[i] for row in table) / seeds for i in range(images)]
    total = sum((value - mean) ** 2 for row in table for value in row)
    ss_seeds = images * sum((one - mean) ** 2 for one in of_seed)
    ss_images = seeds * sum((one - mean) ** 2 for one in of_image)
    ms_rest = (total - ss_seeds - ss_images) / ((seeds - 1) * (images - 1))
    ms_seeds, ms_images = ss_seeds / (seeds - 1), ss_images / (images - 1)
    return ms_seeds / (seeds * images), max(ms_images - ms_rest, 0.0) / (seeds * images)


@pytest.mark.parametrize(("seeds", "images"), [(2, 9), (3, 40), (5, 16), (10, 100)])
def test_stats_interval_over_images_is_that_of_an_analysis_of_variance_by_loops(seeds: int, images: int) -> None:
    from scipy import stats

    ours, theirs = drawn(seeds, seeds, images)
    gap = judged(ours, theirs)
    over_seeds, over_them = by_loops(
        [[int(a) - int(b) for a, b in zip(*rows, strict=True)] for rows in zip(ours, theirs, strict=True)]
    )
    assert isinstance(gap, ImageDifference) and gap.error is not None and gap.low is not None and gap.high is not None
    assert over_them > 0 or (seeds, images) == (2, 9)
    assert gap.error**2 == pytest.approx(over_seeds)
    assert gap.image_error**2 == pytest.approx(over_them, abs=1e-15)
    half = math.sqrt(stats.t.ppf(0.975, seeds - 1) ** 2 * over_seeds + stats.t.ppf(0.975, images - 1) ** 2 * over_them)
    assert (gap.low, gap.high) == pytest.approx((gap.mean - half, gap.mean + half))
    assert (gap.images, gap.count) == (images, seeds)


@pytest.mark.parametrize("counts", [(6, 4, 2), (5, 1), (9, 4, 3, 2, 1)])
def test_stats_images_that_are_all_alike_leave_the_plain_t_interval(counts: tuple[int, ...]) -> None:
    """Each image is told apart by one seed: means over seeds are equal, and seeds have unequal shares of the images."""
    ends = np.cumsum(counts)
    place = np.arange(ends[-1])
    ours = np.stack([(end - count <= place) & (place < end) for end, count in zip(ends, counts, strict=True)])
    gap = judged(ours, np.zeros_like(ours))
    plain = paired_difference(
        {seed: count / ends[-1] for seed, count in enumerate(counts)}, dict.fromkeys(range(9), 0.0)
    )
    assert isinstance(gap, ImageDifference) and plain is not None and gap.image_error == 0.0
    assert (gap.low, gap.high, gap.p) == pytest.approx((plain.low, plain.high, plain.p))


def test_stats_interval_over_images_is_never_narrower_than_over_seeds() -> None:
    for seed in range(20):
        ours, theirs = drawn(seed, 3, 100)
        gap = judged(ours, theirs)
        assert isinstance(gap, ImageDifference) and gap.error is not None
        assert gap.half_width(0.01) >= t_quantile(0.995, 2) * gap.error


@pytest.mark.parametrize("rows", [1, 4])
def test_stats_mark_interval_and_p_value_over_images_never_contradict_each_other(rows: int) -> None:
    marks = set()
    for table in range(60):
        gaps = simultaneous({row: judged(*drawn(100 * table + row, 3, 200)) for row in range(rows)})
        for gap in gaps.values():
            assert isinstance(gap, ImageDifference)
            assert gap.low is not None and gap.high is not None and gap.p_corrected is not None
            assert gap.is_unclear == (gap.low <= 0 <= gap.high) == (gap.p_corrected > 0.05)
            marks.add(gap.is_unclear)
    assert marks == {True, False} or rows == 4


def test_stats_seeds_alike_are_no_certainty_over_images_either() -> None:
    """Three seeds that differ by the same: the sign test's 2^-2, as without images; equal answers differ by nothing."""
    ours = np.zeros((3, 64), dtype=bool)
    for seed in range(3):
        ours[seed, 8 * seed : 8 * seed + 16] = True
    gap = judged(ours, np.zeros_like(ours))
    assert (gap.mean, gap.low, gap.high, gap.p) == (0.25, None, None, 0.25) and gap.is_unclear
    same = judged(ours, ours)
    assert (same.mean, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_stats_differences_stay_those_over_seeds_where_images_are_not_the_same() -> None:
    ours, theirs = drawn(0, 3, 40)
    scores = [{seed: float(row.mean()) for seed, row in enumerate(right)} for right in (ours, theirs)]
    alone = paired_difference(*scores)
    assert alone is not None
    for other in (answers(theirs, "beef"), answers(theirs[:, :39]), {0: answers(theirs)[0]}, {}):
        assert over_images(alone, answers(ours), other) is alone
    single = Difference(mean=0.1, low=None, high=None, count=1)
    assert over_images(single, {0: answers(ours)[0]}, {0: answers(theirs)[0]}) is single


@pytest.mark.parametrize(("only_ours", "only_theirs"), [(0, 0), (0, 6), (3, 9), (8, 8), (40, 61)])
def test_stats_mcnemar_is_the_exact_binomial_test_of_scipy(only_ours: int, only_theirs: int) -> None:
    from scipy import stats

    ours, theirs = np.ones(200, dtype=bool), np.ones(200, dtype=bool)
    theirs[:only_ours] = False
    ours[100 : 100 + only_theirs] = False
    found = discordance(answers(ours[None])[0], answers(theirs[None])[0])
    assert found is not None
    differing = only_ours + only_theirs
    expected = stats.binomtest(only_ours, differing).pvalue if differing else 1.0
    assert (found.images, found.ours, found.theirs) == (200, only_ours, only_theirs)
    assert found.p == pytest.approx(expected)
    assert discordance(answers(ours[None])[0], answers(theirs[None], "beef")[0]) is None


@pytest.mark.long
@pytest.mark.parametrize("case", [1, 3, 5, 6])
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_stats_intervals_over_images_hold_the_true_difference_as_often_as_they_say(seeds: int, case: int) -> None:
    """2,000 draws of 2,000 images; the limits are 95 % less, and 97.5 % plus, three standard errors."""
    program = Path(__file__).parents[4] / "programs" / "interval_coverage_images.py"
    wanted = [str(seeds), "2000", str(case)]
    done = subprocess.run([sys.executable, str(program), *wanted], capture_output=True, text=True, check=True)
    [share] = re.findall(r": report (\d\.\d+);", done.stdout)
    assert 0.935 <= float(share) <= 0.985, done.stdout
