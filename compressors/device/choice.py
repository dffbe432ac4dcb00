"""Whether a hook's buckets take the device's path."""

from __future__ import annotations

import functools
import logging

import torch

from rsbench.compressors.blocks.layout import dense, elements, kernel_slices
from rsbench.compressors.device.bucket import DeviceKernels
from rsbench.compressors.device.passes import Passes, TorchPasses
from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory
from rsbench.compressors.message.message import Message
from rsbench.compressors.selection.scores import MAGNITUDE, Score
from rsbench.compressors.selection.selectors import ExactSelector, Selector

_log = logging.getLogger(__name__)


def choose_device_kernels(
    wanted: str, memory: NoMemory, selector: Selector, score: Score, masking_density: float, device: torch.device
) -> DeviceKernels | None:
    """Return the kernels for whole buckets, which serve a residual with an exact choice away from CPUs; else None.

    Args:
        wanted: the option ``kernels``; ``eager`` leaves tensors to the hook's own loop.
        memory: of the compressed tensors.
        selector: that the compressor asks for.
        score: importance of blocks.
        masking_density: as in :class:`~rsbench.compressors.hooks.counts.Parts`.
        device: of the gradients.
    """
    if wanted == "eager" or device.type == "cpu":
        return None
    if not isinstance(memory, ErrorFeedback) or not isinstance(selector, ExactSelector) or not memory.places:
        return None
    return DeviceKernels(memory, score, masking_density, passes_for(device))


def passes_for(device: torch.device) -> Passes:
    """Return the passes that run best on a device: Triton's kernels on CUDA where they work, else torch operations."""
    return _triton_passes(device) or TorchPasses() if device.type == "cuda" else TorchPasses()


@functools.cache
def _triton_passes(device: torch.device) -> Passes | None:
    """Return Triton's kernels, tried once on three small tensors, which compiles them; None where that fails."""
    try:
        from rsbench.compressors.device.triton_passes import TritonPasses  # late: Triton may be missing

        passes = TritonPasses()
        if _messages(passes, device) != _messages(TorchPasses(), device):
            raise RuntimeError("kernels give wrong results")
        return passes
    except ImportError:
        return None
    except Exception as error:  # whatever a compiler can raise: the torch operations do the same work
        _log.warning("rsbench: Triton fails here (%s); torch operations take over, more slowly.", error)
        return None


def _messages(passes: Passes, device: torch.device) -> list[int]:
    """Return what is sent of some numbers, and what comes out of it."""
    layouts = [kernel_slices((2, 2, 3, 3), 3), elements((40, 50)), dense((3,))]
    sizes = [layout.numel for layout in layouts]
    bucket = torch.arange(sum(sizes), dtype=torch.float32, device=device)
    names = dict(zip("abc", torch.split(bucket, sizes), strict=True))
    tensors = [(n, part.view(layout.shape)) for (n, part), layout in zip(names.items(), layouts, strict=True)]
    calls = DeviceKernels(ErrorFeedback({n: torch.zeros_like(t) for n, t in tensors[:2]}), MAGNITUDE, -1.0, passes)
    message = Message(layouts, [1, 9, 1], [torch.float32] * 3)
    plan, body = calls.plan(message, tensors, bucket), message.allocate(device)
    if plan is None:
        raise RuntimeError("kernels serve no tensor")
    status, _ = calls.compress(plan, bucket, body)
    calls.decode(plan, bucket, body[None])
    return [int(status), *body.tolist(), *bucket.tolist()]
