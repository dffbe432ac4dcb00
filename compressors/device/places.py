"""Where the chosen blocks of a bucket stand: tables on the device, made once for each message plan."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from rsbench.compressors.blocks.layout import Layout


def on_device(values: Sequence[int] | torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return whole numbers as int64 on a device."""
    return torch.as_tensor(values, dtype=torch.int64).to(device, non_blocking=True)


def spread(values: Sequence[int], times: Sequence[int]) -> torch.Tensor:
    """Repeat each number so many times; int64 on the CPU."""
    return torch.repeat_interleave(torch.as_tensor(values, dtype=torch.int64), torch.as_tensor(times))


def counted(times: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """Count 0, 1, ... anew for each entry of ``times``; int64 on the CPU, shape [sum]."""
    times = torch.as_tensor(times, dtype=torch.int64)
    return torch.arange(int(times.sum())) - torch.repeat_interleave(times.cumsum(0) - times, times)


class Places:
    """From the indices of K chosen blocks to the places of their V elements.

    Every layout is a grid: ``index // across`` and ``index % across`` are the block's row and column in it, and blocks
    are ``high`` x ``wide`` elements of a matrix; contiguous blocks are a grid of one row.

    Args:
        layouts: of the tensors that blocks are chosen from.
        counts: how many of each.
        device: of the tables.

    Attributes:
        values: elements of each tensor's chosen blocks.
        of: which of the K blocks an element belongs to, int64 [V].
    """

    def __init__(self, layouts: Sequence[Layout], counts: Sequence[int], device: torch.device) -> None:
        self.values = [k * layout.block for layout, k in zip(layouts, counts, strict=True)]
        blocks = spread([lay.block for lay in layouts], counts)
        self.of = on_device(torch.repeat_interleave(torch.arange(len(blocks)), blocks), device)
        within = counted(blocks)
        self._tiled = any(layout.tile for layout in layouts)
        if not self._tiled:
            self._block = on_device(spread([lay.block for lay in layouts], self.values), device)
            self._within = on_device(within, device)
            return
        across = [-(-lay.cols // lay.tile) if lay.tile else lay.blocks for lay in layouts]
        high, wide = [lay.tile or 1 for lay in layouts], [lay.tile or lay.block for lay in layouts]
        rows, cols = (
            [lay.rows if lay.tile else 1 for lay in layouts],
            [lay.cols if lay.tile else lay.numel for lay in layouts],
        )
        self._across, self._high, self._wide, self._cols = (
            on_device(spread(numbers, counts), device) for numbers in (across, high, wide, cols)
        )
        down = within // spread(wide, self.values)
        right = within - down * spread(wide, self.values)
        self._row_limit = on_device(spread(rows, self.values) - down, device)
        self._col_limit = on_device(spread(cols, self.values) - right, device)
        self._within = on_device(down * spread(cols, self.values) + right, device)

    def elements(self, index: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return where the elements of some blocks stand.

        Args:
            index: of the blocks in their tensors, int64 [..., K].
            base: where the tensor of each element begins, int64 [V].

        Returns:
            int64 [..., V]; and whether there is such an element, None where there always is. What an edge tile lacks
            stands at the tile's first element.
        """
        if not self._tiled:
            return (index[..., self.of] * self._block).add_(self._within).add_(base), None
        row = index.div(self._across, rounding_mode="floor")
        col = (index - row * self._across).mul_(self._wide)
        row = row.mul_(self._high)
        corner = row * self._cols + col
        there = (row[..., self.of] < self._row_limit) & (col[..., self.of] < self._col_limit)
        return (there * self._within).add_(corner[..., self.of]).add_(base), there
