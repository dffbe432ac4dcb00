"""How many cells a command would run: all of its planning, and nothing launched."""

from __future__ import annotations

from dataclasses import replace

from rsbench.planning import families
from rsbench.planning.job import solve
from rsbench.planning.request import Request
from rsbench.results.ledger import Ledger


def cells_left(request: Request) -> tuple[int, int]:
    """Return how many cells a command would run, and how many are done; all of them are planned.

    Args:
        request: what would run, on machines that may have other GPUs than this one.

    Raises:
        RsbenchError: data that are missing, networks that nobody knows, bytes that cannot be met.
    """
    placed = [grid.placed(nodes=request.nodes.count, check_gpus=False) for grid in request.grids]
    grids, located, _ = families.find(placed, request.data_root, strict=request.strict_data)
    defaults = {name: data.defaults for name, data in located.items()}
    seeds = () if request.tuning_seed is None else (request.tuning_seed,)
    every = [replace(grid, seeds=(*seeds, *grid.seeds)).cells(defaults) for grid in grids]
    specs = list(dict.fromkeys(spec for cells in every for spec in cells))
    solve(specs, located)
    done = Ledger(request.out, [spec.key for spec in specs], rerun=request.rerun).done([spec.key for spec in specs])
    return len(specs) - len(done), len(done)
