"""Copies that training no longer changes."""

from __future__ import annotations

import numpy as np
import torch

from rsbench.checkpoints.host_copy import host_copy


def test_tensors_and_arrays_are_copied_wherever_they_are_nested() -> None:
    weight, array = torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last), np.arange(3.0)
    copied = host_copy({"w": weight, "list": [weight, 1], "pair": (0.9, array), "text": "t", "none": None})
    weight.zero_()
    array[:] = 0
    assert copied["w"].sum() == copied["list"][0].sum() == 96
    assert copied["w"].is_contiguous(memory_format=torch.channels_last)
    assert isinstance(copied["pair"], tuple)
    assert copied["pair"][1].tolist() == [0.0, 1.0, 2.0]
    assert (copied["list"][1], copied["text"], copied["none"]) == (1, "t", None)


def test_a_parameter_becomes_a_plain_tensor() -> None:
    assert type(host_copy(torch.nn.Parameter(torch.ones(1)))) is torch.Tensor
