"""When a score is first reached, over seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from report_parts import with_scores

from rsbench.reports.analysis.methods import Method, methods_of
from rsbench.reports.analysis.reached import reach, targets

Maker = Callable[..., dict[str, Any]]


def only(*records: dict[str, Any]) -> Method:
    [method] = methods_of(records)
    return method


def test_reports_target_is_a_share_of_the_best_mean_over_seeds(make_record: Maker) -> None:
    one = with_scores(make_record(seed=0), [0.4, 0.9, 0.7])
    other = with_scores(make_record(seed=1), [0.4, 0.5, 0.8])
    # Means 0.4, 0.7, 0.75: a single seed's 0.9 is luck.
    assert targets(only(one, other)) == pytest.approx({0.90: 0.675, 0.95: 0.7125, 0.99: 0.7425})


def test_reports_epochs_that_a_seed_lacks_do_not_count(make_record: Maker) -> None:
    long, short = with_scores(make_record(seed=0), [0.5, 0.9]), with_scores(make_record(seed=1), [0.7])
    assert targets(only(long, short))[0.90] == pytest.approx(0.54)
    assert targets(only(with_scores(make_record(), [None, None]))) == {}


def test_reports_reach_is_the_first_time_and_the_mean_over_seeds(make_record: Maker) -> None:
    early = with_scores(make_record(seed=0), [0.8, 0.3, 0.9])
    late = with_scores(make_record(seed=1), [None, 0.2, 0.8])
    late["history"].reverse()
    needed = reach(only(early, late), 0.8)
    assert (needed.reached, needed.count) == (2, 2)
    assert needed.elapsed_s is not None and needed.payload_bytes_total is not None and needed.step is not None
    assert (needed.elapsed_s.mean, needed.payload_bytes_total.mean, needed.step.mean) == (4.0, 2000.0, 20.0)


def test_reports_a_target_that_a_seed_misses_has_no_mean_of_the_others(make_record: Maker) -> None:
    early, never = with_scores(make_record(seed=0), [0.8]), with_scores(make_record(seed=1), [0.7])
    needed = reach(only(early, never), 0.75)
    assert (needed.reached, needed.count, needed.elapsed_s) == (1, 2, None)
