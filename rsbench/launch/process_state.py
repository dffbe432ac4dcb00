"""What a cell may leave behind in its process, and how the next one finds it as in a fresh process."""

from __future__ import annotations

import ctypes
import gc
import os
import random
import sys
from typing import Any, Final

import numpy as np
import torch

from rsbench.measure import memory

_SEED: Final = 67280421310721
"""The seed that torch's generators begin with."""


class ProcessState:
    """The state of this process when it is made: environment, flags, threads; torch is loaded then."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._threads = torch.get_num_threads()
        self._flags = _flags()

    def restore(self) -> None:
        """Put everything back, and seed every generator: torch's as in a fresh process, numpy's and Python's with 0."""
        os.environ.clear()
        os.environ.update(self._environment)
        for (owner, name), value in self._flags.items():
            setattr(owner, name, value)
        torch.set_num_threads(self._threads)
        torch.use_deterministic_algorithms(False)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        torch.set_float32_matmul_precision("highest")
        torch.manual_seed(_SEED)
        random.seed(0)
        np.random.seed(0)
        memory.reset_peaks()

    def free_memory(self) -> None:
        """Return to the system what the cell no longer uses."""
        gc.collect()
        if memory.cuda_in_use():
            torch.cuda.empty_cache()
        if sys.platform.startswith("linux"):
            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
            if trim is not None:
                trim(0)


def _flags() -> dict[tuple[Any, str], Any]:
    """Return torch's switches that a network or a plug-in may turn, with their values now."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    names: list[tuple[Any, str]] = [(cudnn, name) for name in ("enabled", "benchmark", "deterministic")]
    names += [(matmul, "allow_fp16_reduced_precision_reduction"), (matmul, "allow_bf16_reduced_precision_reduction")]
    return {(owner, name): getattr(owner, name) for owner, name in names}
