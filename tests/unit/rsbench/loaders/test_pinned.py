"""The way of a batch to its device."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from rsbench.loaders.pinned import on_device


def test_on_a_cpu_nothing_is_copied() -> None:
    tensor = torch.arange(3)
    assert on_device(tensor, torch.device("cpu")) is tensor


def test_to_a_gpu_from_pinned_memory_without_waiting() -> None:
    gpu, asked = torch.device("cuda", 1), list[Any]()
    pinned = SimpleNamespace(to=lambda device, **how: asked.append((device, how)) or "on the GPU")
    tensor: Any = SimpleNamespace(pin_memory=lambda: pinned)
    copied: Any = on_device(tensor, gpu)
    assert copied == "on the GPU"
    assert asked == [(gpu, {"non_blocking": True})]
