"""What the ranks saw of each training sample in one epoch, and its exchange: every sample counts once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from rsbench.errors import RsbenchError


class Sightings:
    """One row of numbers a training sample, written by the ranks that see the sample.

    Ranks share an epoch's samples, and a sampler that fills up the last step shows some samples to two ranks. The
    first sighting of a rank counts, and of several ranks the lowest one's. So one rank has a row and all others add
    zeros, and the sum is exact: it does not depend on how many ranks share the samples.

    Args:
        positions: of all training samples, ascending, int64 [n].
        columns: numbers a sample, k.
        dtype: of the rows.
        device: where training runs, and where rows wait for the end of the epoch.
    """

    def __init__(self, positions: NDArray[np.int64], *, columns: int, dtype: torch.dtype, device: torch.device) -> None:
        self._positions = torch.from_numpy(np.ascontiguousarray(positions)).to(device)
        self._rows = torch.zeros(len(positions), columns, dtype=dtype, device=device)
        self._seen = torch.zeros(len(positions), dtype=torch.bool, device=device)
        self._strangers = torch.zeros((), dtype=torch.int64, device=device)
        self.exchanged_bytes = 0
        """Bytes that this rank handed over in all exchanges so far."""

    @property
    def samples(self) -> int:
        """All training samples, n."""
        return len(self._rows)

    @property
    def columns(self) -> int:
        """Numbers a sample, k."""
        return self._rows.shape[1]

    def write(self, positions: NDArray[np.int64] | torch.Tensor, rows: torch.Tensor) -> None:
        """Write what this rank sees in a step; nothing is read back from the device.

        Args:
            positions: int64 [b], each once.
            rows: [b, k].
        """
        seen = torch.as_tensor(positions).to(self._positions.device)
        places = torch.searchsorted(self._positions, seen).clamp_(max=len(self._positions) - 1)
        self._strangers += (self._positions[places] != seen).sum()
        rows = rows.detach().to(self._rows)
        self._rows[places] = torch.where(self._seen[places, None], self._rows[places], rows)
        self._seen[places] = True

    def exchange(self) -> torch.Tensor:
        """Return the rows of all samples, [n, k] on the CPU, equal on all ranks, and begin the next epoch; collective.

        Raises:
            RsbenchError: no rank saw some sample, or a rank saw one that is not of this training set.
        """
        rank, workers = dist.get_rank(), dist.get_world_size()
        owner = torch.where(self._seen, rank, workers).to(torch.int32)
        dist.all_reduce(owner, op=dist.ReduceOp.MIN)
        rows = torch.where((owner == rank)[:, None], self._rows, torch.zeros_like(self._rows))
        dist.all_reduce(rows)
        self.exchanged_bytes += owner.nbytes + rows.nbytes
        missing, strangers = int((owner == workers).sum()), int(self._strangers)
        if missing or strangers:
            raise RsbenchError(
                f"A scoring epoch must show each of {len(owner):,} training samples, but {missing:,} were not seen, and"
                f" {strangers:,} that were seen are not among them: let the scoring phase run whole epochs."
            )
        self._rows.zero_()
        self._seen.zero_()
        return rows.cpu()

    def state_dict(self) -> dict[str, Any]:
        """Return what this rank saw of an epoch that has not ended; the tensors are those that go on."""
        return {
            "positions": self._positions,
            "rows": self._rows,
            "seen": self._seen,
            "exchanged_bytes": self.exchanged_bytes,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave on the same rank.

        Raises:
            RsbenchError: it is of other training samples.
        """
        if not torch.equal(state["positions"].to(self._positions), self._positions):
            raise RsbenchError("The checkpoint scores other training samples than this run: delete it, or run anew.")
        self._rows.copy_(state["rows"])
        self._seen.copy_(state["seen"])
        self.exchanged_bytes = int(state["exchanged_bytes"])
