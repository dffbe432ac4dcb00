"""What a step cleared from the memory when it was sent, kept where it may have to come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch

from rsbench.compressors.blocks.tensor_ops import Blocks
from rsbench.compressors.memory.error_feedback import Indices, NoMemory


class UndoLog:
    """Of the current step: tensor name -> indices of its blocks and, by kind of memory, what stood there.

    Args:
        memory: of the compressed tensors.
        blocks: tensor name -> operations on its blocks.
    """

    def __init__(self, memory: NoMemory, blocks: Mapping[str, Blocks]) -> None:
        self._memory, self._blocks = memory, blocks
        self._cleared: dict[str, tuple[Indices, dict[str, torch.Tensor]]] = {}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the tensors."""
        return iter(tuple(self._cleared))

    def clear(self) -> None:
        """Drop all of it: it has reached its place."""
        self._cleared.clear()

    def record(self, name: str, index: Indices, v: torch.Tensor, *, mask: bool) -> None:
        """Keep what is about to be cleared: ``v``, and where momentum is masked u as it stands in the memory."""
        cleared = {"v": v}
        u = self._memory.state().get("u", {}).get(name)
        if mask and u is not None:
            cleared["u"] = u.clone() if index is None else self._blocks[name].gather(u, index)
        self._cleared[name] = index, cleared

    def undo(self, names: Iterable[str]) -> None:
        """Put back what was cleared of these tensors."""
        for name in tuple(names):
            index, cleared = self._cleared.pop(name)
            for kind, values in cleared.items():
                self._memory.add(kind, name, self._blocks[name], index, values)
