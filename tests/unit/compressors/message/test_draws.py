"""Draws from keys: uniform, without correlation, and those of 32-bit arithmetic done by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from rsbench.compressors.message import draws

CPU = torch.device("cpu")
COUNT = 1_000_000
STREAMS = ("0:0:0:conv1.weight:1", "0:0:0:conv1.weight:2", "0:0:1:conv1.weight:1", "0:0:0:conv2.weight:1", "1:0:0::1")
"""A tensor in a step, then another step, rank, tensor and seed."""
LEAST = 1e-4
"""A p-value below it is no chance: inputs are fixed, and a fair generator fails one in ten thousand of them."""


def drawn(text: str, count: int = COUNT) -> np.ndarray:
    return draws.uniform(draws.keys(text), count, CPU).double().numpy()


def by_hand(keys: draws.Keys, number: int) -> float:
    """The hash in Python's whole numbers."""
    x, wrap = (number + keys[0]) % 2**32, 2**32 - 1
    x = ((x ^ (x >> 17)) * 0xED5AD4BB & wrap) ^ keys[1]
    x = (x ^ (x >> 11)) * 0xAC4C1B51 & wrap
    x = (x ^ (x >> 15)) * 0x31848BAB & wrap
    return ((x ^ (x >> 14)) >> 8) / 2**24


@pytest.mark.parametrize("keys", [(0, 0), (2**32 - 1, 2**32 - 1), (0x80000000, 0x7FFFFFFF), draws.keys("w")])
def test_draws_are_those_of_whole_numbers(keys: draws.Keys) -> None:
    found = draws.uniform(keys, 1000, CPU)
    assert found.dtype == torch.float32
    assert found.tolist() == [by_hand(keys, i) for i in range(1000)]


def test_draws_stay_what_they_are() -> None:
    """Other draws would be other results of QSGD: change them with a decision only."""
    assert draws.keys("0:0:0:w:1") == (4145253014, 449526709)
    assert (draws.uniform(draws.keys("0:0:0:w:1"), 3, CPU) * 2**24).tolist() == [10118877, 2946309, 893753]


@pytest.mark.parametrize("text", STREAMS)
def test_draws_are_uniform(text: str) -> None:
    x = drawn(text)
    assert x.min() >= 0
    assert x.max() < 1
    assert stats.kstest(x, "uniform").pvalue > LEAST
    assert stats.chisquare(np.bincount((x * 4096).astype(int), minlength=4096)).pvalue > LEAST
    lowest = (x * 2**24).astype(int) & 255
    assert stats.chisquare(np.bincount(lowest, minlength=256)).pvalue > LEAST, "the low bits too"


@pytest.mark.parametrize("lag", [1, 2, 3, 7, 8, 16, 512, 4096])
def test_neighbours_are_independent(lag: int) -> None:
    x = drawn(STREAMS[0])
    assert pair_p_value(x[:-lag], x[lag:]) > LEAST


@pytest.mark.parametrize("other", STREAMS[1:])
@pytest.mark.parametrize("shift", [0, 1])
def test_steps_ranks_tensors_and_seeds_are_independent(other: str, shift: int) -> None:
    x, y = drawn(STREAMS[0]), drawn(other)
    assert pair_p_value(x[: COUNT - shift], y[shift:]) > LEAST


def test_one_element_over_many_steps_is_uniform_and_independent() -> None:
    x = np.array([by_hand(draws.keys(f"0:0:0:w:{step}"), 5) for step in range(20_000)])
    assert stats.kstest(x, "uniform").pvalue > LEAST
    assert pair_p_value(x[:-1], x[1:], cells=16) > LEAST


def test_one_changed_bit_of_a_key_changes_half_of_the_bits() -> None:
    right = (draws.uniform((5, 9), 20_000, CPU) * 2**24).int()
    for bit in range(32):
        for keys in ((5 ^ 1 << bit, 9), (5, 9 ^ 1 << bit)):
            other = (draws.uniform(keys, 20_000, CPU) * 2**24).int()
            flipped = np.unpackbits((right ^ other).numpy().view(np.uint8)).mean() * 32 / 24
            assert 0.45 < flipped < 0.55, (bit, keys)


def pair_p_value(x: np.ndarray, y: np.ndarray, cells: int = 64) -> float:
    """Of the hypothesis that pairs fill a square of ``cells`` by ``cells`` evenly."""
    places = (x * cells).astype(int) * cells + (y * cells).astype(int)
    p_value: float = stats.chisquare(np.bincount(places, minlength=cells * cells)).pvalue
    return p_value
