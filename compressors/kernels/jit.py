"""How numba compiles the loops: two decorators.

numba's cache on disk notices a change only of the file in which Python's way into compiled code begins, so touch
``tensor_loops.py`` and ``bucket_loops.py`` when you change any other file of loops. CPU and float32 only; importing
them without numba raises ImportError.
"""

from __future__ import annotations

from typing import Any

import numba

jit: Any = numba.njit(nogil=True, cache=True, fastmath=True, error_model="numpy", boundscheck=False)
"""Sums may be reordered; nothing may depend on inf or nan (gradients are checked as integers)."""
strict_jit: Any = numba.njit(nogil=True, fastmath=False, cache=True, error_model="numpy", boundscheck=False)
"""For loops whose order of operations counts, or which must end whatever they compare, nan included.

numba hands a caller's fastmath down to functions that do not say ``False`` themselves."""
