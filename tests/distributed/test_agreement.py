"""Ranks that were told different things end with the same sentence, before the first step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rsbench

pytestmark = pytest.mark.timeout(280)
RUN = (
    "LOCAL_RANK=0 LOCAL_WORLD_SIZE=1 {python} -m rsbench run --out {out}/$RANK --max-steps 2 --image-size 16"
    " --batch-size 4 --device cpu {options}"
)


def run(out: Path, options: str, before: str = "true") -> subprocess.CompletedProcess[str]:
    """Two ranks, each of which prepares its own cell, as on two machines."""
    script = f"{before}; " + RUN.format(python=sys.executable, out=out, options=options)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, "bash", "-c", script], capture_output=True, text=True, env=environment, check=False
    )


def test_ranks_of_different_seeds_are_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "--seed $RANK")
    assert done.returncode != 0
    said = (
        "Rank 1 differs from rank 0 in the cell and the data and the split of the samples and the initial weights, so"
        " nothing was trained"
    )
    assert done.stderr.count(said.replace(" and the data", "")) == 2 or done.stderr.count(said) == 2, done.stderr
    assert not list(tmp_path.glob("*/cells/*/record.json"))


@pytest.mark.long
def test_ranks_of_different_code_are_refused(tmp_path: Path) -> None:
    root = Path(rsbench.__file__).parents[1]
    for name in ("rsbench", "compressors", "datasets", "reports"):
        shutil.copytree(root / name, tmp_path / "other" / name, symlinks=True)
    with (tmp_path / "other" / "rsbench" / "units.py").open("a") as file:
        file.write("# changed\n")
    done = run(tmp_path, "", f"[ $RANK = 1 ] && export PYTHONPATH={tmp_path / 'other'} || export PYTHONPATH={root}")
    assert done.stderr.count("Rank 1 differs from rank 0 in rsbench's files, so nothing was trained") == 2, done.stderr
