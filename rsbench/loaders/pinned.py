"""Copies of the host's tensors to a device that nobody waits for."""

from __future__ import annotations

import torch


def on_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a tensor of the host on a device: to a GPU by way of pinned memory, without waiting for the copy.

    Not run on a GPU by us so far.
    """
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
