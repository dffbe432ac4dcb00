"""Which learning rate is tried next."""

from __future__ import annotations

import math

from rsbench.metrics import LOSS
from rsbench.run.tuning import FAILED, UNDEFINED, _choice, best_rate, next_rate


def test_rates_are_tried_from_the_middle_until_both_neighbours_of_the_best_are_worse() -> None:
    rates = (0.001, 0.003, 0.01, 0.03, 0.1)

    def search(found: dict[float, float]) -> list[float]:
        tried: dict[float, float] = {}
        while (rate := next_rate(rates, tried)) is not None:
            tried[rate] = found[rate]
        return list(tried)

    assert search({0.001: 0.1, 0.003: 0.5, 0.01: 0.9, 0.03: 0.5, 0.1: 0.1}) == [0.01, 0.003, 0.03]
    assert search({0.001: 0.9, 0.003: 0.8, 0.01: 0.7, 0.03: 0.5, 0.1: 0.1}) == [0.01, 0.003, 0.001]
    assert search({0.001: 0.1, 0.003: 0.2, 0.01: 0.3, 0.03: 0.5, 0.1: 0.4}) == [0.01, 0.003, 0.03, 0.1]
    assert search({0.001: 0.5, 0.003: 0.8, 0.01: 0.8, 0.03: FAILED, 0.1: 0.1}) == [0.01, 0.003, 0.001]
    assert search(dict.fromkeys(rates, FAILED)) == [0.01, 0.003, 0.001, 0.03, 0.1]
    assert search({**dict.fromkeys(rates, FAILED), 0.001: 0.4}) == [0.01, 0.003, 0.001]
    assert best_rate({0.003: 0.8, 0.01: 0.8}) == 0.003
    assert best_rate({0.003: FAILED}) is None


def test_an_undefined_score_is_never_chosen_and_said_to_be_undefined() -> None:
    for undefined in (math.nan, math.inf):
        tried = {0.01: undefined, 0.1: 0.2}
        assert best_rate(tried) == best_rate(dict(reversed(tried.items()))) == 0.1
        assert next_rate((0.01, 0.1, 0.5), tried) == 0.5
    assert best_rate({0.01: UNDEFINED}) is None
    assert _choice({0.01: UNDEFINED, 0.1: 0.2, 0.5: FAILED}, 0.1) == (
        "learning rate 0.1 (validation scores 0.01: undefined, so never chosen, 0.1: 20.0 %, 0.5: failed)"
    )


def test_the_lowest_validation_loss_is_chosen_and_told_as_a_loss() -> None:
    tried = {0.001: LOSS.rank(0.007), 0.003: LOSS.rank(0.005), 0.01: LOSS.rank(0.006), 0.03: FAILED}
    assert best_rate(tried) == 0.003
    assert _choice(tried, 0.003, LOSS) == (
        "learning rate 0.003 (validation losses 0.001: 0.00700, 0.003: 0.00500, 0.01: 0.00600, 0.03: failed)"
    )
