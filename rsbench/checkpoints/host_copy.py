"""Copies of a state that training no longer changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def host_copy(value: Any) -> Any:
    """Return nested dicts, lists and tuples with a copy of each tensor or array as a tensor on the CPU."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: host_copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(host_copy(item) for item in value)
    return value
