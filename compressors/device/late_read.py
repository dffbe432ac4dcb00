"""Numbers that the host reads later than they are made, so that it need not wait."""

from __future__ import annotations

from typing import Any

import torch


class LateRead:
    """Numbers on their way from a GPU to the host; elsewhere just the tensor.

    The copy goes to pinned memory and is under way at once. Not run on a GPU by us so far.

    Args:
        values: any shape; not to be changed until :meth:`tolist`.
    """

    def __init__(self, values: torch.Tensor) -> None:
        self._values, self._arrived = values, None
        if values.device.type == "cuda":
            self._values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            self._values.copy_(values, non_blocking=True)
            self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._arrived.record()

    def tolist(self) -> Any:
        """Return the numbers, after waiting for the copy alone."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._values.tolist()
