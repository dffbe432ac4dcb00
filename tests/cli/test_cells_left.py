"""What ``rsbench slurm --submit`` says will run is what ``rsbench compare`` then runs."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import Result

from rsbench.cli.main import main
from rsbench.cli.request import request_from
from rsbench.run.cells_left import cells_left

GRID = ("--model", "smallvgg", "--max-steps", "2", "--compressor", "none", "--compressor", "topk", "--workers", "2")


def counted(*words: str) -> tuple[int, int]:
    context = main.commands["compare"].make_context("compare", list(words))
    return cells_left(request_from(context, context.params))


def test_cells_that_are_left_and_done(launcher: object, rsbench: Callable[..., Result]) -> None:
    assert counted(*GRID, "--ratio", "50", "--ratio", "100") == (3, 0)
    done = rsbench("compare", *GRID, "--ratio", 50)
    assert done.exit_code == 0, done.output
    assert counted(*GRID, "--ratio", "50", "--ratio", "100") == (1, 2)
    assert counted(*GRID, "--ratio", "50", "--rerun") == (2, 0)
