"""Density warm-up: more is sent in the first steps (Lin et al., ICLR 2018, section 3.3). Torch-free."""

from __future__ import annotations

from collections.abc import Callable

STAGES = (0.25, 0.0625, 0.015625, 0.004, 0.001)
"""Densities of DGC's warm-up, each for a fifth of it."""


def stages(done: float, density: float) -> float:
    """Return the density of DGC's five stages; ``done`` is the share of the warm-up over, 0 <= done < 1."""
    return STAGES[int(done * len(STAGES))]


def exponential(done: float, density: float) -> float:
    """Return a density on a straight line in the logarithm from 25 % to ``density`` (ours)."""
    return float(STAGES[0] * (density / STAGES[0]) ** done)


WARMUPS: dict[str, Callable[[float, float], float]] = {"stages": stages, "exponential": exponential}
"""Word of the option ``warmup`` -> density at a share of the warm-up."""
