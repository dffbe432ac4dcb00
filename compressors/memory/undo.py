"""What a step cleared from the memory when it was sent, kept where it may have to come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch

from rsbench.compressors.blocks.tensor_ops import Blocks
from rsbench.compressors.memory.error_feedback import NoMemory

Indices = torch.Tensor | None
"""Indices of the blocks, int64 [k]; None for the whole tensor."""


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
        """Names of the tensors."""
        return iter(tuple(self._cleared))

    def forget(self) -> None:
        """All of it has reached its place."""
        self._cleared.clear()

    def keep(self, name: str, index: Indices, v: torch.Tensor, *, mask: bool) -> None:
        """Remember what is about to be cleared: ``v``, and where momentum is masked u as it stands in the memory."""
        cleared = {"v": v}
        u = self._memory.state().get("u", {}).get(name)
        if mask and u is not None:
            cleared["u"] = u.clone() if index is None else self._blocks[name].gather(u, index)
        self._cleared[name] = index, cleared

    def take_back(self, names: Iterable[str]) -> None:
        """Put back what was cleared of these tensors."""
        for name in tuple(names):
            index, cleared = self._cleared.pop(name)
            for kind, values in cleared.items():
                self.give(name, index, kind, values)

    def give(self, name: str, index: Indices, kind: str, values: torch.Tensor) -> None:
        """Add values to a tensor's memory of a kind, where it has one."""
        held = self._memory.state().get(kind, {}).get(name)
        if held is not None:
            if index is None:
                held.add_(values)
            else:
                self._blocks[name].add(held, index, values)
