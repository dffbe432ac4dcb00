"""The checksum of messages as a loop compiled by numba: the same number as by the operations of torch."""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np
import torch

from rsbench.compressors.kernels.jit import jit
from rsbench.compressors.message.checksum import FIRST, GOLDEN, LOW, OWN, SHIFT


@jit
def _sums(messages, found):
    """Work out the checksums of int32 messages [W, n]."""
    for rank in range(found.size):
        total = np.int64(0)
        for i in range(FIRST, messages.shape[1]):
            total += np.int64(messages[rank, i]) * (2 * (i - FIRST) + 1)
        total -= np.int64(messages[rank, OWN]) * (2 * (OWN - FIRST) + 1)
        found[rank] = ((total * GOLDEN) >> SHIFT) & LOW


def checksums(messages: torch.Tensor) -> torch.Tensor:
    """Return what :class:`rsbench.compressors.message.checksum.Checksum` returns, on a CPU."""
    found = torch.empty(messages.shape[:-1], dtype=torch.int32)
    words = messages.view(torch.int32)
    _sums(words.view(-1, words.shape[-1]).numpy(), found.view(-1).numpy())
    return found
