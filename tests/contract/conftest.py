"""Scripts run as real gloo processes, one a rank; each writes what it found as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parents[1] / "programs"
Facts = list[dict[str, Any]]


@pytest.fixture(scope="session")
def run_ranks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Facts]:
    """Run ``script RANK WORLD_SIZE STORE_FILE OUT_FILE`` on every rank and return each rank's facts."""

    def run(script: str, workers: int) -> Facts:
        folder = tmp_path_factory.mktemp("ranks")
        outs = [folder / f"{rank}.json" for rank in range(workers)]
        ranks = [
            subprocess.Popen(
                [
                    sys.executable,
                    PROGRAMS / script,
                    str(rank),
                    str(workers),
                    folder / "store",
                    out,
                ],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank, out in enumerate(outs)
        ]
        try:
            for rank in ranks:
                _, errors = rank.communicate(timeout=280)
                assert rank.returncode == 0, errors[-3000:]
        finally:
            for rank in ranks:
                rank.kill()
        return [json.loads(out.read_text()) for out in outs]

    return run
