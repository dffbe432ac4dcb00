"""What people do to a model with a hook, in two processes: right words on every rank, and nobody waits."""

from __future__ import annotations

import pytest
from forked import Forks, Process

from rsbench.compressors import COMPRESSORS

WORKERS = 2
SAID = {
    "sparse": "RsbenchError Parameter '0.weight' gets sparse gradients, which cannot be compressed; build",
    "deepcopy": "deepcopy(ddp) backward RsbenchError This model is a copy of one with the compressor {}, and",
    "adamw": "RsbenchError These parameter groups are made for SGD with momentum=0.9, and this optimizer, which has",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, ranks_by_fork: Forks) -> list[str]:
    """What each rank prints of all cases with every compressor, one after the other."""
    folder = tmp_path_factory.mktemp("ranks")
    group = {"WORLD_SIZE": str(WORKERS), "HOOK_CASES_STORE": str(folder / "store")}
    argv = ("hook_cases.py", ",".join(SAID), *COMPRESSORS)
    ranks = [Process(argv, folder / f"{rank}.log", group | {"RANK": str(rank)}) for rank in range(WORKERS)]
    return ranks_by_fork.run(ranks, limit_s=100)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", COMPRESSORS)
def test_every_rank_reads_the_right_sentences(outputs: list[str], name: str) -> None:
    for rank, output in enumerate(outputs):
        for said in SAID.values():
            assert f"{rank} {name} {said.format(name)}" in output
        for way in ("AveragedModel(ddp)", "deepcopy(ddp)", "torch.save(ddp)"):
            assert f"{rank} {name} {way} works" in output
