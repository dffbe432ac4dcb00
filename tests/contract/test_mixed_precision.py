"""Laws of loss scaling, of parameters in half precision and of lists of parameter groups, over two real ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Facts = list[dict[str, Any]]
EXCHANGES = ("dgc shared", "rsdgc oktopk", "topk nodes")
NAMES = ("none", "topk", "dgc", "rsdgc", "gcc", "gcc residual", "powersgd", "qsgd", "signsgd", *EXCHANGES)
NO_MEMORY = ("none", "gcc", "qsgd")
ROUNDING = 2e-6
each_compressor = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def facts(run_ranks: Callable[[str, int], Facts]) -> Facts:
    """What each of two ranks found."""
    return run_ranks("precision.py", 2)


def of(facts: Facts, law: str, name: str) -> list[Any]:
    """Each rank's finding of a law, or the error that stopped it."""
    found = [rank[law][name] for rank in facts]
    errors = [finding["error"] for finding in found if isinstance(finding, dict) and "error" in finding]
    assert not errors, errors[0]
    return found


@each_compressor
def test_with_a_scaler_the_weights_are_those_of_unscaled_training(facts: Facts, name: str) -> None:
    one, other = of(facts, "scaled", name)
    assert one["distance"] < ROUNDING
    assert one["weights"] == other["weights"]


@each_compressor
def test_an_overflow_is_skipped_by_the_scaler_of_every_rank(facts: Facts, name: str) -> None:
    for law in ("overflow", "overflow_of_one"):
        for rank in of(facts, law, name):
            assert rank["skipped"], "no rank takes the step"
            assert rank["scale"] == rank["scale_at_end"] == 512.0, "every rank halves its scale once"
        assert len({rank["weights"] for rank in of(facts, law, name)}) == 1, "and training goes on, ranks equal"


@each_compressor
def test_an_overflow_leaves_u_and_v_of_its_rank_untouched(facts: Facts, name: str) -> None:
    assert of(facts, "overflow", name)[-1]["touched"] == []


@each_compressor
def test_without_a_scaler_an_inf_is_one_sentence_on_all_ranks(facts: Facts, name: str) -> None:
    (sentence,) = set(of(facts, "no_scaler", name))
    if name in NO_MEMORY:
        assert sentence == "no error; the gradient is not finite", "passed on as plain DDP does"
    else:
        where = "node 0 (rank 0 to rank 1)" if name == "topk nodes" else "rank 1"
        assert sentence.startswith(f"The gradient of 'conv' on {where} is not finite (inf or nan) in step 1;")
        assert "GradScaler" in sentence


@pytest.mark.parametrize("law", ["bfloat16", "bfloat16_dense", "float16"])
@each_compressor
def test_parameters_in_half_precision(facts: Facts, name: str, law: str) -> None:
    one, other = of(facts, law, name)
    assert one["weights"] == other["weights"], "ranks are equal"
    assert sum(one["losses"][-5:]) < 0.5 * sum(one["losses"][:5]), "training works"
    nothing_kept = name in NO_MEMORY or (name == "powersgd" and law == "bfloat16_dense")
    assert one["memory"] == ([] if nothing_kept else ["torch.float32"])
    assert one["dense_bytes"] == 2 * one["elements"]
    assert one["fits"], "never more than the dense bytes, 16 bytes a message, and padding of an odd piece to a word"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("qsgd", "signsgd")])
def test_a_list_of_groups_as_sgd_takes_it(facts: Facts, name: str) -> None:
    for distance in of(facts, "group_list", name):
        assert distance < ROUNDING, "at density 1 without masking: SGD with these groups"
