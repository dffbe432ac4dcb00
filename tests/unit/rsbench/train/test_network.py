"""One network with its compressor and its optimizer."""

from __future__ import annotations

import pytest
import torch

from rsbench.cell import CellSpec
from rsbench.compressors import parse
from rsbench.models import autoencoder
from rsbench.train.network import CompressedNetwork

CPU = torch.device("cpu")


def cell(**changes: object) -> CellSpec:
    """A cell of target detection."""
    asked = {"compressor": "none", "ratio": None, "lr": 0.01, "seed": 0, "workers": 1, "device": "cpu", "epochs": 1}
    data = {"dataset": "x", "dataset_fingerprint": "", "model": "aae", "image_size": 1, "split": "official"}
    return CellSpec.from_dict({**asked, **data, "batch_size": 4, "optimizer": "adam", **changes})


@pytest.mark.usefixtures("alone")
def test_adam_leaves_no_momentum_to_the_compressor() -> None:
    compressor = parse("dgc")
    member = CompressedNetwork(
        "", autoencoder.build(8)["discriminator"], compressor, cell(momentum=0.9), CPU, alone=True
    )
    assert compressor.momentum == 0
    assert {group["weight_decay"] for group in member.optimizer.param_groups} == {cell().weight_decay}


@pytest.mark.usefixtures("alone")
def test_a_repeat_draws_anew_and_the_compressors_text_does_not_change() -> None:
    seeds = []
    for seed in (0, 1):
        one, compressor = cell(compressor="randomk", seed=seed), parse("randomk")
        CompressedNetwork("", torch.nn.Linear(4, 4), compressor, one, CPU, alone=True)
        assert compressor.text == "randomk"
        assert compressor.seed == one.derived_seed
        seeds.append(compressor.seed)
    assert seeds[0] != seeds[1]
