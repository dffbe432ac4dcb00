"""Laws over what users do around DDP: accumulation, unused and frozen layers, views, tied weights, memory order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from reference import least_replaceable
from torch import nn

from rsbench.compressors import parse
from rsbench.errors import RsbenchError

Facts = list[dict[str, Any]]
EXCHANGES = ("dgc shared", "rsdgc oktopk", "topk nodes")
NAMES = ("none", "topk", "dgc", "rsdgc", "gcc", "gcc residual", "powersgd", "qsgd", "signsgd", *EXCHANGES)
ROUNDING = 2e-6
EXACT = tuple(name for name in NAMES if name not in ("qsgd", "signsgd"))
"""Those that can be set to leave nothing out."""
each_compressor = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def facts(run_ranks: Callable[[str, int], Facts]) -> Facts:
    """What each of two ranks found."""
    return run_ranks("loops.py", 2)


@each_compressor
def test_accumulation_under_no_sync_is_one_exchange_of_the_sum(facts: Facts, name: str) -> None:
    for rank in facts:
        found = rank["no_sync"][name]
        assert found["accumulated"] == found["summed"], "bit for bit"
        assert found["steps"] == [0, 1] * 5, "no step of the hook under no_sync, one after"


@each_compressor
def test_branches_that_some_or_no_ranks_use(facts: Facts, name: str) -> None:
    one, other = (rank["unused"][name] for rank in facts)
    assert one["compressed"] == other["compressed"]
    assert one["never"], "a layer that is never used keeps grad = None"
    if name == "none":
        assert one["compressed"] == one["plain"], "bit for bit"


@pytest.mark.parametrize("name", ["none", "topk", "gcc residual"])
def test_a_tensor_that_rests_loses_nothing(facts: Facts, name: str) -> None:
    assert all(rank["unused_conserves"][name] for rank in facts)


@each_compressor
def test_static_graph_changes_nothing(facts: Facts, name: str) -> None:
    one, other = (rank["static_graph"][name] for rank in facts)
    assert one == other, "ranks are equal"
    assert one["all used, True"] == one["all used, False"]
    assert one["one unused, True"] == one["one unused, False"]


@each_compressor
def test_gradients_as_bucket_views_change_nothing(facts: Facts, name: str) -> None:
    assert len({digest for rank in facts for digest in rank["bucket_view"][name]}) == 1


@pytest.mark.parametrize("name", EXACT)
def test_parameter_groups_with_their_own_learning_rates(facts: Facts, name: str) -> None:
    assert facts[0]["param_groups"][name] < ROUNDING, "at density 1 without masking: SGD with these groups"


@each_compressor
def test_frozen_layers_stay_and_cost_nothing(facts: Facts, name: str) -> None:
    found = facts[0]["frozen"][name]
    assert found == facts[1]["frozen"][name], "ranks are equal"
    assert found["kept"]
    assert found["moved"]
    slack = 40 if name == "rsdgc" else 0  # a dynamic policy fills the budget to within a block
    assert found["planned"] - slack - 16 <= found["payload"] <= found["planned"]


@each_compressor
def test_unfreezing_after_wrapping_names_the_parameter(facts: Facts, name: str) -> None:
    (sentence,) = {rank["changed_after_wrapping"][name]["unfrozen"] for rank in facts}
    assert sentence.startswith("RsbenchError: Parameter '4.weight' was unfrozen")


@each_compressor
def test_freezing_after_wrapping_is_ddps_own_error(facts: Facts, name: str) -> None:
    for rank in facts:
        assert "Expected to have finished reduction" in rank["changed_after_wrapping"][name]["frozen"]


@each_compressor
def test_tied_weights_are_one_tensor(facts: Facts, name: str) -> None:
    one, other = (rank["tied"][name] for rank in facts)
    assert one["compressed"] == other["compressed"]
    assert one["tensors"] == ["decoder.bias", "encoder.bias", "encoder.weight"]
    assert one["planned"] - one["payload"] in (0, 8, 16), "to the header of a bucket that DDP may or may not make"
    assert name not in EXACT or one["exact"] < ROUNDING, "at density 1 without masking: plain DDP"
    if name == "none":
        assert one["compressed"] == one["plain"], "bit for bit"


@each_compressor
def test_channels_last_changes_nothing(facts: Facts, name: str) -> None:
    found = facts[0]["channels_last"][name]
    assert found["torch.channels_last"] == found["torch.contiguous_format"], "exact gradients: bit for bit"
    assert name not in EXACT or found["exact"] < ROUNDING, (
        "at density 1 without masking: plain DDP in the same memory order"
    )


def test_powersgd_is_exact_where_the_average_has_a_lower_rank(facts: Facts) -> None:
    assert all(error < 1e-5 for rank in facts for error in rank["low_rank"])


@pytest.mark.parametrize("text", ["gcc", "gcc:rho=0.8"])
def test_gcc_averages_what_the_rank_whose_turn_it_was_found_least_replaceable(facts: Facts, text: str) -> None:
    steps = [rank["shared_mask"][text] for rank in facts]
    rho = parse(text).rho
    for step in range(4):
        for name in ("conv", "linear", "bias"):
            local = [np.array(rank[step][name][0], np.float32) for rank in steps]
            kept = np.ones(local[0].shape, bool)
            if step and name != "bias":
                maker = (step - 1) % len(facts)
                kept = least_replaceable(np.array(steps[maker][step - 1][name][0], np.float32), rho)
            right = np.where(kept, sum(local) / len(local), 0)
            for rank in steps:
                assert np.array_equal(np.array(rank[step][name][1], np.float32), right), f"{name}, step {step}"


@each_compressor
def test_a_model_that_is_not_wrapped_is_refused(name: str) -> None:
    """What Accelerate's prepare returns in one process, for example."""
    with pytest.raises(RsbenchError, match="DistributedDataParallel"):
        parse(name.partition(" ")[0]).register(nn.Linear(2, 2))


@pytest.mark.parametrize("name", ["dgc", "rsdgc"])
def test_two_momenta_in_one_compressor_are_refused(name: str) -> None:
    compressor = parse(name)
    compressor.param_groups(nn.Linear(2, 2), lr=0.1, momentum=0.9)
    with pytest.raises(RsbenchError, match="momentum"):
        compressor.param_groups(nn.Linear(2, 2), lr=0.1, momentum=0.5)
