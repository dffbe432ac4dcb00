"""The checksum of a message as a loop compiled by numba; the same number as the torch operations give."""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numpy as np

from rsbench.compressors.kernels.jit import jit
from rsbench.compressors.message.checksum import GOLDEN, LOW, OWN, SHIFT


@jit
def checksum(words):
    """Return what :func:`rsbench.compressors.message.checksum.checksum` returns of the same int32 words."""
    total = np.int64(0)
    for i in range(words.size):
        total += np.int64(words[i]) * (2 * i + 1)
    total -= np.int64(words[OWN]) * (2 * OWN + 1)
    return ((total * GOLDEN) >> SHIFT) & LOW
