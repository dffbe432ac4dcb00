"""Programs run as real gloo processes, one a rank; each writes what it found as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from forked import Forks, Process, forks

Facts = list[dict[str, Any]]


@pytest.fixture(scope="session")
def ranks_by_fork() -> Iterator[Forks]:
    """What runs programs as ranks, without importing torch for each."""
    with forks() as one:
        yield one


@pytest.fixture(scope="session")
def run_ranks(tmp_path_factory: pytest.TempPathFactory, ranks_by_fork: Forks) -> Callable[[str, int], Facts]:
    """Run ``script RANK WORLD_SIZE STORE_FILE OUT_FILE`` on every rank and return each rank's facts."""

    def run(script: str, workers: int) -> Facts:
        folder = tmp_path_factory.mktemp("ranks")
        outs = [folder / f"{rank}.json" for rank in range(workers)]
        store = str(folder / "store")
        ranks_by_fork.run(
            [
                Process((script, str(rank), str(workers), store, str(out)), folder / f"{rank}.log")
                for rank, out in enumerate(outs)
            ]
        )
        return [json.loads(out.read_text()) for out in outs]

    return run
