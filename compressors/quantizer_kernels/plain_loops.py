"""What loops over codes share: the table's columns, and tensors that are sent as they are.

No product feeds a sum within a loop that could round them once, so that averages are those of torch bit for bit.
"""

# mypy: allow-untyped-defs, disable-error-code="assignment"
from __future__ import annotations

import numba
import numpy as np

from rsbench.compressors.kernels.jit import strict_jit

CODED, GRADIENT, MEMORY, NUMEL, VALUES = range(5)
"""Columns of the table, which has one row a tensor: whether it is sent in the code; where its gradient and its memory
start; its elements; where in the message its values start (in bytes)."""
PART = 4096
"""Elements that are turned into codes, or decoded from all ranks, while they stay in the first cache."""
EXPONENT, MAGNITUDE = np.int32(0x7F800000), np.int32(0x7FFFFFFF)
"""Bits of a float32."""
summing_jit = numba.njit(nogil=True, fastmath={"reassoc"}, cache=True, error_model="numpy", boundscheck=False)
"""For sums in any order, with inf and nan."""
_F = np.float32


@strict_jit
def copy(values, into):
    """Write values as they are."""
    for i in range(values.size):
        into[i] = values[i]


@strict_jit
def add_plain(sent, share, total):
    """Set ``total`` to the sum of ranks' values, shape [W, n], each divided by W."""
    scaled = np.empty(PART, _F)
    for low in range(0, total.size, PART):
        part = total[low : low + PART]
        part[:] = _F(0)
        for rank in range(sent.shape[0]):
            for i in range(part.size):
                scaled[i] = sent[rank, low + i] * share
            for i in range(part.size):
                part[i] += scaled[i]
