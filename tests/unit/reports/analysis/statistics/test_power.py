from __future__ import annotations

import math
import random
import statistics

import numpy as np
import pytest

from rsbench.reports.analysis.statistics.differences import t_quantile
from rsbench.reports.analysis.statistics.power import seeds_needed


@pytest.mark.parametrize(("effect_in_sd", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_stats_seeds_needed_are_those_of_power_tables(effect_in_sd: float, seeds: int) -> None:
    """Cohen's small, medium and large effects, two-sided 5 %, power 80 %."""
    assert seeds_needed(0.01, 0.01 * effect_in_sd) == seeds


def test_stats_seeds_needed_find_the_effect_as_often_as_promised() -> None:
    sd, effect = 0.008, 0.01
    count = seeds_needed(sd, effect)
    bound = t_quantile(0.975, count - 1)
    rng = random.Random(11)

    def finds(size: int) -> bool:
        values = [rng.gauss(effect, sd) for _ in range(size)]
        return abs(statistics.fmean(values)) * math.sqrt(size) / statistics.stdev(values) > bound

    share = sum(finds(count) for _ in range(4000)) / 4000
    assert 0.78 <= share <= 0.88
    assert seeds_needed(0.0, effect) == 2
    assert seeds_needed(1e9, effect) == 100_000


def test_stats_seeds_needed_know_of_an_error_that_no_seed_takes_away() -> None:
    """By simulation: of 20,000 means with a shared error, 80 % of intervals leave zero out."""
    sd, shared, effect = 0.008, 0.0015, 0.005
    count = seeds_needed(sd, effect, shared=shared)
    alone = seeds_needed(sd, effect)
    assert count is not None and alone is not None and count > alone
    rng = np.random.default_rng(5)

    def found(size: int) -> float:
        seeds = rng.normal(effect, sd, (20_000, size))
        means = seeds.mean(axis=1) + rng.normal(0, shared, 20_000)
        halves = np.hypot(t_quantile(0.975, size - 1) * seeds.std(axis=1, ddof=1) / math.sqrt(size), 1.96 * shared)
        return float((np.abs(means) > halves).mean())

    assert 0.77 <= found(count) <= 0.84
    assert found(max(2, count // 2)) < 0.7


def test_stats_no_number_of_seeds_makes_up_for_too_few_images() -> None:
    """Without any spread over seeds the z test of 80 % power finds 2.8016 standard errors."""
    assert seeds_needed(0.008, 0.005, shared=0.005 / 2.79) is None
    assert seeds_needed(0.008, 0.005, shared=0.005 / 2.82) is not None
    assert seeds_needed(0.0, 0.005, shared=0.005 / 2.79) is None
