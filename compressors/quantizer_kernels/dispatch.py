"""Whether the compiled calls of quantizers run: where numba works, torch operations everywhere else."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from rsbench.compressors.kernels.dispatch import loaded
from rsbench.compressors.memory.error_feedback import ErrorFeedback, NoMemory
from rsbench.compressors.message.quantizers import Quantizer, ScaledSign, StochasticLevels

if TYPE_CHECKING:
    from rsbench.compressors.quantizer_kernels.bucket import QuantizedKernels


def choose_quantized_kernels(
    quantizer: Quantizer | None, memory: NoMemory, step: Callable[[], int]
) -> QuantizedKernels | None:
    """Return the compiled calls of a quantizer, None where there are none.

    Args:
        quantizer: signs with error feedback, or levels without a memory.
        memory: of the compressed tensors.
        step: returns the 1-based step that is compressed.
    """
    signs = isinstance(quantizer, ScaledSign) and type(memory) is ErrorFeedback and bool(memory.places)
    levels = isinstance(quantizer, StochasticLevels) and not memory.state()
    if not (signs or levels) or not _works():
        return None
    from rsbench.compressors.quantizer_kernels.bucket import LevelKernels, SignKernels  # late: numba may be missing

    if isinstance(quantizer, StochasticLevels):
        return LevelKernels(quantizer, step)
    return SignKernels(memory) if isinstance(memory, ErrorFeedback) else None


def _loops() -> ModuleType:
    module = importlib.import_module("rsbench.compressors.quantizer_kernels.bucket")
    module.try_out()
    return module


@functools.cache
def _works() -> bool:
    """Return whether numba compiles the loops; they are tried once in a process."""
    return loaded(_loops)[0] is not None
