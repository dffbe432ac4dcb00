"""Plans on the command line: the shipped ones in both sizes, sizes and grids of one's own, what wins over what."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from rsbench.cli.request import request_from
from rsbench.cli.training import compare
from rsbench.errors import RsbenchError
from rsbench.planning import plan_file
from rsbench.planning.request import Request


def request_of(*argv: str) -> Request:
    context = compare.make_context("compare", list(argv))
    with context:
        return request_from(context, context.params)


@pytest.mark.parametrize("size", plan_file.SIZES)
@pytest.mark.parametrize("name", plan_file.shipped())
def test_shipped_plans_are_whole_grids(name: str, size: str) -> None:
    request = request_of("--plan", name, "--plan-size", size)
    assert request.ours, "what the paper does not say is marked"
    compared: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for grid in request.grids:
        grid.check()
        compared[grid.compressors[0] == "none"] |= {(name, str(grid.recipe)) for name in grid.datasets}
    assert compared[False] <= compared[True], "the reference stands in every table"


def test_what_a_plan_calls_ours_is_an_option() -> None:
    known = {name.replace("_", "-") for name in (p.name or "" for p in compare.params)}
    for path in plan_file.shipped().values():
        for word in plan_file.read(path, {p.name or "" for p in compare.params}).ours:
            assert word.split()[0] in known, (path, word)


PLAN = """
title = "mine"
compressor = ["none", "topk"]
workers = 2
[quick]
epochs = 3
[[quick.grid]]
seeds = [0, 1]
[[quick.grid]]
seeds = 5
workers = [1, 4]
compressor = "none"
[full]
ratio = 50
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(PLAN)
    return str(path)


def test_grids_differ_from_what_they_share(mine: str) -> None:
    one, two = request_of("--plan", mine, "--plan-size", "quick").grids
    assert (one.seeds, one.devices.workers, one.compressors, one.epochs) == ((0, 1), (2,), ("none", "topk"), 3)
    assert (two.seeds, two.devices.workers, two.compressors, two.epochs) == ((5,), (1, 4), ("none",), 3)
    (full,) = request_of("--plan", mine).grids
    assert (full.ratios, full.epochs, full.seeds) == ((50.0,), None, (0,))


def test_the_command_line_wins_over_a_grid_and_its_alternatives(mine: str) -> None:
    one, two = request_of("--plan-size", "quick", "--seeds", "7", "--gpus", "2", "--plan", mine).grids
    assert one.seeds == two.seeds == (7,)
    assert one.devices.gpus == two.devices.gpus == (2,)
    assert one.devices.workers == two.devices.workers == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fast = true\n", r'a key "fast", which is no option\. Write deterministic = false\.'),
        ("[[grid]]\nratoi = 3\n", '"ratoi", which is no option.*ratio'),
        ("grid = 3\n", "grid that is no list of tables"),
        ("quick = 3\n", "quick that is no table"),
        ("ours = 'lr'\n", "ours that is no list"),
        ("[[grid]]\ntuning-seed = 0\n[[grid]]\nlr = 1\n", '"tuning-seed" in a .*one for all its grids'),
        ("[[quick.grid]]\nout = 'there'\n", '"out" in a '),
        ("[ratio]\nx = 3\n", r'table "\[ratio\]"'),
        ("[quick]\nworkers = 'many'\n", "'many' is not a valid integer"),
    ],
)
def test_wrong_plans(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises((RsbenchError, click.BadParameter), match=words):
        request_of("--plan", str(path), "--plan-size", "quick")


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(RsbenchError, match='Did you mean "paper-scene"'):
        request_of("--plan", "paper-scenes")
