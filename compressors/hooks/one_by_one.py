"""A bucket's tensors one by one, by operations of torch: the reference, and what no kernels for whole buckets serve."""

import dataclasses
from collections.abc import Container, Mapping, Sequence

import torch

from rsbench.compressors.hooks.counts import CountsHook
from rsbench.compressors.hooks.residual import flat_average
from rsbench.compressors.message.message import Message, Slot
from rsbench.compressors.message.quantizers import Quantizer

Tensors = Sequence[tuple[str, torch.Tensor]]
"""(name, gradient view) in bucket order."""


class OneByOne:
    """Compresses and decodes single tensors for a hook.

    Args:
        hook: whose memory and selector it works with.
        quantizer: of tensors that are sent whole in a code.
    """

    def __init__(self, hook: CountsHook, quantizer: Quantizer | None = None) -> None:
        self._hook, self._quantizer = hook, quantizer

    def compress(
        self,
        message: Message,
        buffer: torch.Tensor,
        tensors: Tensors,
        served: Mapping[int, bool],
        step: int,
        sound: torch.Tensor | None,
    ) -> None:
        """Accumulate, choose, write and clear what is not written yet; zeros are left in the gradients.

        Args:
            message: its plan.
            buffer: of the message.
            tensors: of the bucket.
            served: position -> whether a tensor is written, of those that are accumulated.
            step: 1-based step.
            sound: see :class:`~rsbench.compressors.memory.error_feedback.Residual`.
        """
        for position, ((name, gradient), slot) in enumerate(zip(tensors, message.slots, strict=True)):
            if not served.get(position):
                new = None if position in served else gradient.reshape(-1)
                self._write(message, buffer, slot, name, new, step, sound)
                gradient.zero_()  # the average comes here; while it is still in the cache

    def _write(
        self,
        message: Message,
        buffer: torch.Tensor,
        slot: Slot,
        name: str,
        gradient: torch.Tensor | None,
        step: int,
        sound: torch.Tensor | None,
    ) -> None:
        """Accumulate a flat gradient, unless that is done (None); choose, write, clear."""
        chosen, index = self._choose(name, gradient, slot, sound)
        if self._quantizer is not None:
            self._quantizer.begin(name, step)
        message.write(buffer, slot, chosen, index)
        if slot.layout.compressed and self._hook.memory.state():
            error = None if slot.dtype == torch.float32 else chosen - message.read(buffer, slot)[0]
            self._hook.clear_sent(name, index, chosen, error, mask=self._hook.masks(name))

    def _choose(
        self, name: str, gradient: torch.Tensor | None, slot: Slot, sound: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Accumulate a flat gradient; return the values to send and the indices of their blocks."""
        if gradient is None:
            residual = dataclasses.replace(self._hook.memory.begin(name, None), sound=sound)
        elif not slot.layout.compressed:
            return gradient, None
        else:
            residual, gradient = self._hook.begin(name, gradient, sound)
            if slot.whole:
                return residual.accumulate(gradient), None
        index = self._hook.choose(name, residual, gradient)
        return self._hook.blocks[name].gather(residual.v, index), index

    def decode(self, message: Message, by_rank: torch.Tensor, tensors: Tensors, served: Container[int]) -> None:
        """Add all ranks' messages [W, payload_bytes], each divided by W, to the zeros of what is not served."""
        share = 1.0 / len(by_rank)
        for position, ((name, gradient), slot) in enumerate(zip(tensors, message.slots, strict=True)):
            if position in served:
                continue
            with flat_average(gradient) as flat:
                for values, index in (message.read(sent, slot) for sent in by_rank):
                    if index is None:
                        flat.add_(values.mul(share))
                    else:
                        self._hook.blocks[name].add(flat, index, values.mul_(share))
