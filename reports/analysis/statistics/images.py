"""Paired differences as draws of seeds and of test images. NumPy and SciPy are loaded when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from rsbench.reports.analysis.statistics.differences import Difference, sign_test, t_quantile, with_interval
from rsbench.results.correctness import unpacked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HALVINGS = 60
"""Steps in which a p value is closed in on, which leaves it 1e-18 at most."""


@dataclass(frozen=True)
class Answers:
    """Which test images one trained network got right.

    Attributes:
        correct: one bit an image, as a record has it (:mod:`rsbench.results.correctness`).
        images: how many there are.
        data: fingerprint of the data set that they are of.
    """

    correct: str
    images: int
    data: str

    @property
    def right(self) -> NDArray[np.bool_]:
        """True where an image was classified correctly, shape [images]."""
        return unpacked(self.correct, self.images)


@dataclass(frozen=True, kw_only=True)
class ImageDifference(Difference):
    """A mean paired difference that speaks of other seeds and of other test images.

    Attributes:
        images: how many test images there are, the same for all seeds.
        image_error: standard error of the mean that comes from which images these are.
    """

    images: int
    image_error: float

    def half_width(self, alpha: float) -> float:
        """Return half the width of the interval: each part has the quantile of its own degrees of freedom.

        Sqrt(t(seeds - 1)^2 error^2 + t(images - 1)^2 image_error^2), never narrower than the paired t interval over
        the seeds, and equal to it where images play no part. Source: Howe, "Approximate confidence limits on the mean
        of X + Y", Journal of the American Statistical Association 69 (1974), for two independent means; that a
        variance over seeds and images falls into two such parts is our reading. Satterthwaite's one number of degrees
        of freedom covers too little: docs/decisions/0052.
        """
        return math.hypot(super().half_width(alpha), t_quantile(1 - alpha / 2, self.images - 1) * self.image_error)


@dataclass(frozen=True, kw_only=True)
class Discordance:
    """Of how many test images one of two trained networks was right and the other wrong.

    Attributes:
        images: how many test images there are.
        ours: images that only the first got right.
        theirs: images that only the second got right.
        p: two-sided p value of McNemar's test, exact.
    """

    images: int
    ours: int
    theirs: int
    p: float


def over_images(gap: Difference, ours: Mapping[int, Answers], theirs: Mapping[int, Answers]) -> Difference:
    """Return a difference over seeds as one over seeds and test images, judged alone.

    The model: the difference d of seed s and image i, 1, 0 or -1, is mean + seed + image + rest, all random and
    crossed. With mean squares MS of the two-way layout, Var(mean) = (MS_seeds + max(MS_images - MS_rest, 0)) /
    (seeds images) by the method of moments; its first part is the squared standard error over seeds. The model is ours.

    Args:
        gap: of the accuracies, which the answers are shares of.
        ours: seed to answers of the method.
        theirs: seed to answers of what it is compared with.

    Returns:
        The same difference where it is of one seed, where some seed lacks answers, or where they are of other images.
    """
    seeds = sorted(ours.keys() & theirs.keys())
    every = [answers[seed] for answers in (ours, theirs) for seed in seeds]
    if gap.error is None or len(seeds) != gap.count or not _are_of_same_images(every):
        return gap
    import numpy as np  # late: start-up

    table = np.stack([_difference(ours[seed], theirs[seed]) for seed in seeds])
    whole = ImageDifference(**asdict(gap), images=every[0].images, image_error=image_error(table))
    return with_interval(replace(whole, p=_p_value(whole)), comparisons=1)


def image_error(differences: NDArray[np.float64]) -> float:
    """Return the standard error that images add to the mean, 0 where they vary no more than the rest does.

    Args:
        differences: shape [seeds, images], 2 or more of each.
    """
    seeds, images = differences.shape
    mean, of_image = differences.mean(), differences.mean(axis=0)
    rest = differences - differences.mean(axis=1, keepdims=True) - of_image + mean
    ms_images = seeds * ((of_image - mean) ** 2).sum() / (images - 1)
    ms_rest = (rest**2).sum() / ((seeds - 1) * (images - 1))
    return math.sqrt(max(ms_images - ms_rest, 0.0) / (seeds * images))


def discordance(ours: Answers, theirs: Answers) -> Discordance | None:
    """Return McNemar's exact test of two networks, None where their answers are of other images.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947); exact by the binomial distribution of the images on which they differ.
    """
    if not _are_of_same_images([ours, theirs]):
        return None
    from scipy.special import bdtr  # late: start-up

    first, second = ours.right, theirs.right
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    p = min(1.0, 2 * float(bdtr(min(one, other), one + other, 0.5)))
    return Discordance(images=ours.images, ours=one, theirs=other, p=p)


def _are_of_same_images(every: list[Answers]) -> bool:
    return len({(answers.images, answers.data) for answers in every}) == 1 and every[0].images > 1


def _difference(ours: Answers, theirs: Answers) -> NDArray[np.float64]:
    """Return 1 where only the first was right, -1 where only the second was, else 0; shape [images]."""
    import numpy as np  # late: start-up

    return ours.right.astype(np.float64) - theirs.right.astype(np.float64)


def _p_value(gap: ImageDifference) -> float:
    """Return the error rate at which the interval would end at zero, no less than the sign test's of seeds alike."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if gap.half_width(middle) < abs(gap.mean):
            high = middle
        else:
            low = middle
    return high if gap.error else max(high, sign_test(gap.mean, gap.count))
