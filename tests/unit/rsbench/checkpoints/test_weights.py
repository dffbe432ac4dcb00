"""Final weights for anybody's PyTorch."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from rsbench.checkpoints.weights import keep_weights
from rsbench.results.folder import CellFolder


def test_two_lines_of_plain_pytorch_load_them(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))
    keep_weights({"": network}, CellFolder(tmp_path))
    other = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))


def test_several_networks_have_a_file_each(tmp_path: Path) -> None:
    keep_weights({"encoder": nn.Linear(2, 1), "decoder": nn.Linear(1, 2)}, CellFolder(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights-decoder.pt", "weights-encoder.pt"]
    assert torch.load(tmp_path / "weights-encoder.pt", weights_only=True)["weight"].shape == (1, 2)
