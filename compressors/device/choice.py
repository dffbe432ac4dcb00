"""Whether a hook's buckets take the device's path."""

from __future__ import annotations

import torch

from rsbench.compressors.device.bucket import DeviceKernels
from rsbench.compressors.device.passes import Passes, TorchPasses
from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.selectors import ExactSelector, Selector


def choose_device_kernels(
    wanted: str, memory: NoMemory, selector: Selector, score: Score, masking_density: float, device: torch.device
) -> DeviceKernels | None:
    """Return the kernels for whole buckets, which serve a residual with an exact choice away from CPUs; else None.

    Args:
        wanted: the option ``kernels``; ``eager`` leaves tensors to the hook's own loop.
        memory: of the compressed tensors.
        selector: that the compressor asks for.
        score: importance of blocks.
        masking_density: as in :class:`~rsbench.compressors.hooks.sparse.Parts`.
        device: of the gradients.
    """
    if wanted == "eager" or device.type == "cpu":
        return None
    if not isinstance(memory, ErrorFeedback) or not isinstance(selector, ExactSelector) or not memory.places:
        return None
    return DeviceKernels(memory, score, masking_density, passes_for(device))


def passes_for(device: torch.device) -> Passes:
    """Return the passes that run best on a device."""
    return TorchPasses()
