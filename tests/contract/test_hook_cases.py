"""What people do to a model with a hook, in two processes: right words on every rank, and nobody waits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rsbench.compressors import COMPRESSORS

PROGRAM = Path(__file__).parents[1] / "programs" / "hook_cases.py"
WORKERS = 2
SAID = {
    "sparse": "RsbenchError Parameter '0.weight' gets sparse gradients, which cannot be compressed; build",
    "deepcopy": "deepcopy(ddp) backward RsbenchError This model is a copy of one with the compressor {}, and",
    "adamw": "RsbenchError These parameter groups are made for SGD with momentum=0.9, and this optimizer, which has",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each rank prints of all cases with every compressor, one after the other."""
    environment = {**os.environ, "WORLD_SIZE": str(WORKERS)}
    environment["HOOK_CASES_STORE"] = str(tmp_path_factory.mktemp("ranks") / "store")
    started = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), ",".join(SAID), *COMPRESSORS],
            env={**environment, "RANK": str(rank)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for rank in range(WORKERS)
    ]  # fmt: skip
    try:
        return [process.communicate(timeout=100)[0] for process in started]
    finally:
        for process in started:
            process.kill()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", COMPRESSORS)
def test_every_rank_reads_the_right_sentences(outputs: list[str], name: str) -> None:
    for rank, output in enumerate(outputs):
        for said in SAID.values():
            assert f"{rank} {name} {said.format(name)}" in output
        for way in ("AveragedModel(ddp)", "deepcopy(ddp)", "torch.save(ddp)"):
            assert f"{rank} {name} {way} works" in output
