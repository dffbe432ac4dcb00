"""Buffers that two gloo processes agree on: their mean, the bytes, and what follows from it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from rsbench.measure.buffers import average_buffers, averaged_buffers
from rsbench.measure.collectives import Traffic

RANK = """
import json, sys
import torch
import torch.distributed as dist
from torch import nn
from rsbench.measure.buffers import average_buffers
from rsbench.measure.collectives import Traffic
from rsbench.models.fedfusion import Subspace
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.Sequential(nn.BatchNorm1d(3), Subspace(3))
everything = torch.einsum("dk,nk->nd", torch.randn(64, 3) * torch.tensor([5.0, 3.0, 2.0]), torch.randn(16, 3))
everything += 0.01 * torch.randn(16, 64)
model[1](everything[8 * rank : 8 * rank + 8, :, None, None])
model[0].running_mean.fill_(rank)
model[0].num_batches_tracked.fill_(rank)
traffic = Traffic(2)
average_buffers(model, traffic)
leading = torch.linalg.svd(everything, full_matrices=False).Vh[:3].T
basis = model[1].basis_DR
print(json.dumps({
    "off": float((basis @ basis.T - leading @ leading.T).abs().max()),
    "basis": basis.flatten().tolist(),
    "mean": model[0].running_mean.tolist(),
    "batches": int(model[0].num_batches_tracked),
    "sent": traffic.payload_bytes,
    "calls": len(traffic.take()[0]),
}))
"""


def test_ranks_share_the_basis_of_all_their_features_and_count_the_gram_matrix(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RANK]
    ranks = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store")], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    first, second = (json.loads(rank.communicate(timeout=120)[0]) for rank in ranks)
    assert first["basis"] == second["basis"]
    assert first["off"] < 1e-3
    assert first["mean"] == second["mean"] == [0.5] * 3
    assert (first["batches"], second["batches"]) == (0, 1)
    assert first["sent"] == second["sent"] == 4 * (64 * 64 + 2 * 3) and first["calls"] == 1


class Doubled(nn.Module):
    """A buffer that is averaged, and one that is twice that."""

    not_averaged = frozenset({"twice"})

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("once", torch.ones(2))
        self.register_buffer("twice", torch.zeros(2))

    def after_averaging(self) -> None:
        """Make the double anew."""
        self.twice = 2 * self.once


@pytest.mark.usefixtures("alone")
def test_modules_follow_on_one_worker_and_below_others() -> None:
    inner = Doubled()
    model, traffic = nn.Sequential(nn.Sequential(inner), nn.BatchNorm1d(3)), Traffic(1)
    average_buffers(model, traffic)
    assert inner.twice.tolist() == [2, 2]
    assert traffic.payload_bytes == 4 * (2 + 3 + 3)


@pytest.mark.usefixtures("alone")
def test_a_shared_buffer_is_averaged_once_and_no_buffers_send_nothing() -> None:
    shared, traffic = nn.BatchNorm1d(3), Traffic(1)
    assert len(list(averaged_buffers(nn.ModuleList([shared, nn.Sequential(shared)])))) == 2
    average_buffers(nn.Linear(2, 2), traffic)
    assert traffic.payload_bytes == 0 and not traffic.take()[0]
