"""Density warm-up."""

from __future__ import annotations

from rsbench.compressors import parse


def test_warm_up_goes_down_in_stages() -> None:
    compressor = parse("dgc:density=0.01,warmup_steps=10")
    densities = [compressor.density_at(step) for step in range(12)]
    assert densities == [0.25, 0.25, 0.0625, 0.0625, 0.015625, 0.015625, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]
