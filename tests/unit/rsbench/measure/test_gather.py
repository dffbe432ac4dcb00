"""What every rank says, on every rank, without pickles: two gloo processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RANK = """
import json, sys
import torch.distributed as dist
from rsbench.measure.gather import gather_bytes, gather_json
from rsbench.train.agreement import agree
from rsbench.errors import RsbenchError
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
texts = [text.decode() for text in gather_bytes(b"x" * (5 * rank))]
values = gather_json({"rank": rank, "shape": (1, 2)})
agree({"the cell": "a"})
try:
    agree({"the cell": "a", "the data": str(rank)})
    said = ""
except RsbenchError as error:
    said = str(error)
print(json.dumps([texts, values, said]))
"""


def test_bytes_of_any_length_and_values_reach_every_rank_and_ranks_that_differ_are_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RANK]
    ranks = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store")], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    first, second = (json.loads(rank.communicate(timeout=120)[0]) for rank in ranks)
    assert first == second
    texts, values, said = first
    assert texts == ["", "xxxxx"]
    assert values == [{"rank": 0, "shape": [1, 2]}, {"rank": 1, "shape": [1, 2]}]
    assert said.startswith("Rank 1 differs from rank 0 in the data, so nothing was trained")
