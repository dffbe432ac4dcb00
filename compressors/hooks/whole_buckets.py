"""What serves whole buckets: compiled loops on CPUs, kernels on devices, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from rsbench.compressors.device.choice import choose_device_kernels
from rsbench.compressors.kernels.dispatch import choose_bucket_kernels
from rsbench.compressors.memory.error_feedback import NoMemory
from rsbench.compressors.message.message import Message
from rsbench.compressors.message.quantizers import Quantizer
from rsbench.compressors.quantizer_kernels.dispatch import choose_quantized_kernels
from rsbench.compressors.selection.scores import Score
from rsbench.compressors.selection.selectors import Selector

Tensors = Sequence[tuple[str, torch.Tensor]]
"""(name, gradient view) in bucket order."""


class BucketKernels(Protocol):
    """Two calls a bucket. A plan is what :meth:`plan` returned; its ``positions`` say which tensors are served.

    Attributes:
        compiled: whether they are compiled, not operations of torch.
        can_take_back: whether what was sent in a step can be put back.
    """

    compiled: bool
    can_take_back: bool

    def begin_step(self, *, remembers: bool) -> None:
        """Drop what was kept for :meth:`take_back`; keep what is sent from now on or not."""

    def plan(self, message: Message, tensors: Tensors, buffer: torch.Tensor) -> Any:
        """Work out what of a bucket is served; None where nothing is."""

    def compress(
        self, plan: Any, gradients: torch.Tensor, message: torch.Tensor
    ) -> tuple[torch.Tensor | int, dict[int, bool]]:
        """Write the message; return a status, and position -> whether a tensor is written, of those accumulated."""

    def decode(self, plan: Any, gradients: torch.Tensor, messages: torch.Tensor) -> torch.Tensor | int:
        """Average the messages; return 0, or 1 + the rank whose message cannot be read; on a device, bool [W]."""

    def take_back(self) -> None:
        """Put back what was sent in this step, since it was not applied."""


def choose(
    kernels: str,
    memory: NoMemory,
    selector: Selector,
    score: Score,
    masking_density: float,
    quantizer: Quantizer | None,
    device: torch.device,
    step: Callable[[], int],
) -> BucketKernels | None:
    """Return what serves the buckets of a hook, None where tensors are left to torch operations one by one.

    Args:
        kernels: ``auto``, ``compiled`` or ``eager``.
        memory: of the compressed tensors.
        selector: that the compressor asks for.
        score: importance of blocks.
        masking_density: as in :class:`~rsbench.compressors.hooks.counts.Parts`.
        quantizer: of the tensors that are sent whole in a code.
        device: of the gradients.
        step: returns the 1-based step that is compressed.
    """
    given = kernels, memory, selector, score, masking_density
    if device.type != "cpu":
        return choose_device_kernels(*given, device)
    return choose_bucket_kernels(*given) or choose_quantized_kernels(quantizer, memory, step)
