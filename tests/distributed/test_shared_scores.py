"""Scores of training samples do not depend on how many ranks share the samples."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]
SHARED = [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
"""(Workers, rank); 31 samples are no multiple of two or three, so some are shown twice."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scores")
    path = os.pathsep.join([str(TESTS / "support"), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, str(TESTS / "programs" / "shared_scores.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize(("kind", "bytes_a_sample"), [("tdds", 4 + 5 * 4), ("el2n", 4 + 8), ("forgetting", 4 + 1)])
def test_scores_are_equal_bit_for_bit_and_each_sample_counts_once(folder: Path, kind: str, bytes_a_sample: int) -> None:
    found = [np.load(folder / f"{kind}-{workers}-{rank}.npy") for workers, rank in SHARED]
    assert len({array.tobytes() for array in found}) == 1
    assert len(set(found[0][:-1].tolist())) > 3
    assert found[0][-1] == 6 * 31 * bytes_a_sample  # epochs x samples: repeats are not handed over twice
