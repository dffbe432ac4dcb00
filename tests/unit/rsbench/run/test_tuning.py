"""Which learning rate is tried next."""

from __future__ import annotations

from rsbench.run.tuning import FAILED, best_rate, next_rate


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
