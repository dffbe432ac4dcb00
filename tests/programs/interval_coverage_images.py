"""How often intervals about other seeds and other test images hold the true difference of two methods.

    python tests/programs/interval_coverage_images.py [SEEDS DRAWS [CASE]]

A network is right on an image where a latent number is above 0. For method m, seed s and image i it is

    level_m + image_i + image_mi + seed_s + seed_ms + noise_msi

with normal parts, so that the true difference, over all seeds and images, is known in closed form. ``image_mi`` makes
one method better on some images whatever the seed (a correlation that seeds alone do not show), ``seed_ms`` makes a
seed lucky for one method. 2,000 images; the tables are of one row. Beside the interval of the report stand, for the
same claim: the same variance with one number of degrees of freedom (Satterthwaite), t over the seeds alone, and the
percentile bootstrap that draws seeds, then images for all of them.
"""

from __future__ import annotations

import sys
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsbench.reports.analysis.statistics.differences import paired_difference, t_quantile
from rsbench.reports.analysis.statistics.images import Answers, ImageDifference, over_images
from rsbench.results.correctness import packed

IMAGES = 2000
SEEDS = (2, 3, 5, 10)
DRAWS = 2000
REDRAWN = 400
ALPHA = 0.05


class Case(NamedTuple):
    """Standard deviations of the parts of the latent number; noise has 1."""

    title: str
    level: float = 2.0
    advantage: float = 0.1
    image: float = 1.5
    image_of_method: float = 0.0
    seed: float = 0.05
    seed_of_method: float = 0.08


CASES = (
    Case("images alike, no seed effect", level=1.3, image=0.0, seed=0.0, seed_of_method=0.0),
    Case("images alike", level=1.3, image=0.0),
    Case("images unlike, the same for both methods"),
    Case("a method's own images, little", image_of_method=0.3, seed=0.02, seed_of_method=0.04),
    Case("a method's own images, few seed effects", image_of_method=0.7, seed=0.0, seed_of_method=0.02),
    Case("a method's own images", image_of_method=0.7),
    Case("a method's own images, strong seed effects", image_of_method=0.7, seed_of_method=0.3),
    Case("a method's own images, much", level=3.0, image=2.0, image_of_method=1.5, seed=0.02, seed_of_method=0.05),
)


def truth(case: Case) -> float:
    """The difference of the two methods over all seeds and images."""
    parts = (case.image, case.image_of_method, case.seed, case.seed_of_method, 1.0)
    spread = NormalDist(0.0, float(np.hypot.reduce(parts)))
    return spread.cdf(case.level) - spread.cdf(case.level - case.advantage)


def drawn(case: Case, seeds: int, rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Which images each of the two methods gets right, shape [seeds, images] each."""

    def normal(*shape: int) -> NDArray[Any]:
        return rng.standard_normal(shape, dtype=np.float32)

    common = case.image * normal(1, IMAGES) + case.seed * normal(seeds, 1)
    return [
        level
        + common
        + case.image_of_method * normal(1, IMAGES)
        + case.seed_of_method * normal(seeds, 1)
        + normal(seeds, IMAGES)
        > 0
        for level in (case.level, case.level - case.advantage)
    ]


def reported(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> ImageDifference:
    """What a report says of two methods."""
    scores = [{seed: float(row.mean()) for seed, row in enumerate(right)} for right in (ours, theirs)]
    answers = [
        {seed: Answers(packed(row), row.size, "made up") for seed, row in enumerate(right)} for right in (ours, theirs)
    ]
    alone = paired_difference(*scores)
    assert alone is not None
    gap = over_images(alone, *answers)
    assert isinstance(gap, ImageDifference)
    return gap


def satterthwaite(table: NDArray[np.float64]) -> float:
    """Half the width of the interval with one number of degrees of freedom, at least those of the seeds."""
    seeds, images = table.shape
    mean, by_seed, by_image = table.mean(), table.mean(axis=1), table.mean(axis=0)
    ms_seeds = images * ((by_seed - mean) ** 2).sum() / (seeds - 1)
    ms_images = seeds * ((by_image - mean) ** 2).sum() / (images - 1)
    free = (seeds - 1) * (images - 1)
    ms_rest = ((table - by_seed[:, None] - by_image + mean) ** 2).sum() / free
    if ms_images <= ms_rest:
        freedom = seeds - 1.0
    else:
        parts = ms_seeds**2 / (seeds - 1) + ms_images**2 / (images - 1) + ms_rest**2 / free
        freedom = max(seeds - 1.0, (ms_seeds + ms_images - ms_rest) ** 2 / parts)
    variance = (ms_seeds + max(ms_images - ms_rest, 0.0)) / (seeds * images)
    return t_quantile(1 - ALPHA / 2, freedom) * float(np.sqrt(variance))


def covered(case: Case, seeds: int, draws: int) -> dict[str, float]:
    """Share of draws in which each kind of interval holds the true difference."""
    rng = np.random.default_rng([seeds, CASES.index(case)])
    true, hits = truth(case), dict.fromkeys(("report", "Satterthwaite", "t over seeds", "bootstrap"), 0)
    of_seeds = rng.multinomial(seeds, [1 / seeds] * seeds, size=REDRAWN) / seeds
    of_images = (rng.multinomial(IMAGES, [1 / IMAGES] * IMAGES, size=REDRAWN) / IMAGES).astype(np.float32)
    for _ in range(draws):
        ours, theirs = drawn(case, seeds, rng)
        table, gap = ours.astype(np.float64) - theirs, reported(ours, theirs)
        means = np.einsum("bs,sb->b", of_seeds, table.astype(np.float32) @ of_images.T)
        ends = {
            "report": (gap.low, gap.high),
            "Satterthwaite": (gap.mean - satterthwaite(table), gap.mean + satterthwaite(table)),
            "t over seeds": _seeds_alone(gap),
            "bootstrap": tuple(np.quantile(means, [ALPHA / 2, 1 - ALPHA / 2])),
        }
        for name, (low, high) in ends.items():
            hits[name] += low is not None and low <= true <= high
    return {name: count / draws for name, count in hits.items()}


def _seeds_alone(gap: ImageDifference) -> tuple[float, float]:
    assert gap.error is not None
    half = t_quantile(1 - ALPHA / 2, gap.count - 1) * gap.error
    return gap.mean - half, gap.mean + half


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    chosen = CASES if len(given) < 3 else (CASES[given[2]],)
    for one in chosen:
        for count in given[:1] or SEEDS:
            shares = covered(one, count, given[1] if given else DRAWS)
            print(f"{one.title}; {count} seeds:", "; ".join(f"{name} {share:.4f}" for name, share in shares.items()))
            sys.stdout.flush()
