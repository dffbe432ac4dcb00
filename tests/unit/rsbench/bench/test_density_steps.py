"""Steps between neighbouring densities."""

from __future__ import annotations

import bench_samples
import pytest

from rsbench.bench.density_steps import by_density, largest_steps


def test_the_largest_rise_is_found_whatever_the_order_of_densities() -> None:
    measured = bench_samples.measured(densities=[0.1, 0.001, 0.01], floors=False)
    curves = {curve[0].row.method: [one.row.density for one in curve] for curve in by_density(measured)}
    assert curves == {"topk": [0.001, 0.01, 0.1], "dgc": [0.001, 0.01, 0.1]}
    low, high, step = largest_steps(measured)[0]
    assert (low.row.density, high.row.density) == (0.001, 0.01)
    assert step == pytest.approx(36 / 30 - 1)


def test_trees_and_threads_are_curves_of_their_own() -> None:
    measured = bench_samples.measured(against="/somewhere", threads=[1, 2])
    curves = [(one.row.method, one.row.tree, one.row.threads) for one, *_ in by_density(measured)]
    assert curves[:2] == [("topk", "", 1), ("topk", "1234567", 1)]
    assert len(curves) == len(set(curves)) == 8


def test_one_density_has_no_steps() -> None:
    assert largest_steps(bench_samples.measured(densities=[0.01])) == []
