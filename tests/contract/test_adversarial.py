"""Three networks in one step, two of which share parameters: gradients and weights over two gloo processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

COMPRESSORS = ("none", "topk:density=0.05", "gcc", "dgc:density=0.05")

Facts = list[dict[str, Any]]


@pytest.fixture(scope="module")
def facts(run_ranks: Callable[[str, int], Facts]) -> Facts:
    return run_ranks("adversarial.py", 2)


@pytest.mark.parametrize("text", COMPRESSORS)
def test_ranks_keep_equal_weights(facts: Facts, text: str) -> None:
    assert len({rank[text]["digest"] for rank in facts}) == 1


@pytest.mark.parametrize("text", COMPRESSORS)
def test_a_loss_reaches_its_own_network_only(facts: Facts, text: str) -> None:
    assert [rank[text]["stray"] for rank in facts] == [0.0, 0.0]
    assert facts[0][text]["order"] == ["autoencoder", "discriminator", "encoder"]


def test_dense_training_is_that_of_one_process(facts: Facts) -> None:
    assert facts[0]["none"]["distance"] < 1e-4


@pytest.mark.parametrize("text", COMPRESSORS[1:])
def test_the_comparison_can_tell_another_training(facts: Facts, text: str) -> None:
    assert facts[0][text]["distance"] > 0.01


def test_gradients_travel_in_several_buckets(facts: Facts) -> None:
    assert facts[0]["none"]["buckets"]["autoencoder"] > 1
