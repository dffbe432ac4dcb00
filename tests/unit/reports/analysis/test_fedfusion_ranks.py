"""The smallest rank that scores about as well as full rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from fedfusion_records import with_facts

from rsbench.reports import build_report

Maker = Callable[..., dict[str, Any]]


def side_by_side(make_record: Maker, scores: Mapping[str, float], **changes: Any) -> str:
    records = [
        with_facts(make_record(model=model, seed=seed, oa=oa + 0.01 * seed, **changes))
        for model, oa in scores.items()
        for seed in (0, 1)
    ]
    return build_report(records).sections[-1].conclusion


RANKS = {"fedfusion:rank=4": 0.70, "fedfusion:rank=8": 0.785, "fedfusion:rank=16": 0.82, "fedfusion:rank=full": 0.8}


def test_the_smallest_close_rank_is_named(make_record: Maker) -> None:
    text = side_by_side(make_record, {**RANKS, "fusion-cnn": 0.9})
    assert text.endswith(
        " After FedFusion (join=both), none: the smallest rank within 2 points of full rank is r = 8 (-1.5)."
    )
    assert text.startswith("Under none fusion-cnn has the highest mean")
    assert "20.0 points above fedfusion:rank=4 (after FedFusion)" in text


def test_none_is_close(make_record: Maker) -> None:
    text = side_by_side(make_record, {**RANKS, "fedfusion:rank=8": 0.77, "fedfusion:rank=16": 0.76})
    assert text.endswith(
        " After FedFusion (join=both), none: no rank is within 2 points of full rank; the nearest is r = 8 (-3.0)."
    )


def test_a_method_without_full_rank_says_nothing(make_record: Maker) -> None:
    without = {model: oa for model, oa in RANKS.items() if model != "fedfusion:rank=full"}
    assert "full rank" not in side_by_side(make_record, without)
    assert "full rank" not in side_by_side(make_record, {"fedfusion:rank=full": 0.8, "fusion-cnn": 0.8})


def test_ways_to_join_are_told_apart(make_record: Maker) -> None:
    both = {**RANKS, "fedfusion:rank=4,join=add": 0.5, "fedfusion:rank=full,join=add": 0.51}
    text = side_by_side(make_record, both, compressor="topk", ratio=10.0)
    assert "(join=both), topk 10x: the smallest rank within 2 points of full rank is r = 8" in text
    assert "(join=add), topk 10x: the smallest rank within 2 points of full rank is r = 4 (-1.0)." in text


@pytest.mark.parametrize("gap", [0.0199, 0.0201])
def test_two_points_are_the_limit(make_record: Maker, gap: float) -> None:
    text = side_by_side(make_record, {"fedfusion:rank=4": 0.8 - gap, "fedfusion:rank=full": 0.8})
    assert ("the smallest rank" in text) == (gap < 0.02)
