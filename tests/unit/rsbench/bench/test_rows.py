"""The plan of a benchmark."""

from __future__ import annotations

import pytest

from rsbench.bench.rows import DEFAULT_COMPRESSORS, PRODUCTS_FLOOR, plan_rows, read_numbers
from rsbench.compressors import COMPRESSORS, parse
from rsbench.errors import RsbenchError


def test_open_densities_get_a_row_each_and_all_others_one() -> None:
    rows = plan_rows(["none", "topk", "topk:density=0.05", "qsgd"], [0.001, 0.01], plain_hooks=False, floors=False)
    found = [(row.method, row.density) for row in rows]
    assert found == [
        ("plain DDP", None),
        *(("none", None), ("topk", 0.001), ("topk", 0.01), ("topk:density=0.05", None), ("qsgd", None)),
    ]
    assert [row.keeps_residual for row in rows] == [False, False, True, True, True, False]


def test_every_row_of_another_tree_follows_this_ones_own() -> None:
    rows = plan_rows(["dgc", "fp16"], [0.1], plain_hooks=True, floors=True, other_tree="abcdef0")
    ours = [(row.method, row.tree) for row in rows if row.kind == "compressor"]
    assert ours == [("dgc", ""), ("dgc", "abcdef0"), ("fp16", ""), ("fp16", "abcdef0")]
    assert {row.tree for row in rows if row.kind != "compressor"} == {""}


def test_threads_repeat_the_plan_with_its_reference() -> None:
    rows = plan_rows(["topk"], [0.1], threads=(1, 2), plain_hooks=False, floors=False)
    assert [row.label for row in rows] == [
        *("plain DDP", "topk, density 0.1"),
        *("plain DDP, 2 threads", "topk, density 0.1, 2 threads"),
    ]


def test_one_text_written_twice_is_one_row_and_products_are_for_gcc_only() -> None:
    rows = plan_rows(["rsdgc:alpha=0.5", "rsdgc:alpha=.5"], [0.1])
    assert sum(row.kind == "compressor" for row in rows) == 1
    assert PRODUCTS_FLOOR not in {row.method for row in rows}
    assert PRODUCTS_FLOOR in {row.method for row in plan_rows(["gcc:rho=0.9"], [0.1])}


def test_all_compressors_are_timed_unless_some_are_named() -> None:
    assert {parse(text).name for text in DEFAULT_COMPRESSORS} == {
        name for name, kind in COMPRESSORS.items() if kind.__module__.startswith("rsbench.")
    }


def test_numbers_may_be_repeated_and_hold_commas() -> None:
    assert read_numbers("density", ("0.1, 1e-3", "0.1"), float) == (0.1, 0.001)
    assert read_numbers("threads", ("2,1",), int) == (2, 1)
    with pytest.raises(RsbenchError, match=r"^--threads 1\.5 is no list of whole numbers, such as 1 or 1,2\.$"):
        read_numbers("threads", ("1.5",), int)
    with pytest.raises(RsbenchError, match=r"--density 0\.1,,1 is no list of numbers"):
        read_numbers("density", ("0.1,,1",), float)
