"""Run scripts in real CPU processes and read what the examples print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
LINE = re.compile(r"loss ([\d.]+) sent ([\d,]+) of ([\d,]+) bytes")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run() -> Run:
    """Run ``python *command``, or ``torchrun *command`` in two processes, with this checkout's rsbench."""

    def python(*command: str | Path, torchrun: bool = False) -> subprocess.CompletedProcess[str]:
        search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return subprocess.run(
            [sys.executable, *(TORCHRUN if torchrun else ()), *command],
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": search},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )

    return python


@pytest.fixture
def check_example(run: Run) -> Callable[..., None]:
    """Run an example: the loss falls, and what is sent is counted and far below the dense bytes."""

    def check(name: str, *, torchrun: bool = False) -> None:
        done = run(ROOT / "examples" / name, torchrun=torchrun)
        assert done.returncode == 0, done.stderr[-3000:]
        lines = [(float(loss), *(int(n.replace(",", "")) for n in sizes)) for loss, *sizes in LINE.findall(done.stdout)]
        assert len(lines) == 4, "rank 0 alone prints, twice an epoch"
        assert lines[-1][0] < 0.5 * lines[0][0]
        for _, sent, dense in lines:
            assert 0 < sent < dense / 50

    return check
