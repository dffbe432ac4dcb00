"""Batches on their way to a GPU while it still computes: copies from pinned memory on a stream of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cache
from typing import Protocol

import torch

from rsbench.loaders.batches import Batch


class CopyStream(Protocol):
    """Where batches are read and copied, beside the stream that computes."""

    def reading(self) -> AbstractContextManager[object]:
        """Return a context in which what is launched goes to this stream."""

    def hand_over(self, batch: Batch) -> None:
        """Let the computing stream wait for all copies launched here so far, and own the batch from now on."""


class CudaCopyStream:
    """A side stream of a GPU; the host waits for neither stream.

    Not run on a GPU by us so far.

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def reading(self) -> AbstractContextManager[object]:
        """Return a context in which the side stream is the current one."""
        return torch.cuda.stream(self._stream)

    def hand_over(self, batch: Batch) -> None:
        """Let the current stream wait for the side stream, and keep the batch's memory until it is through with it."""
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._stream)
        for tensor in batch:
            tensor.record_stream(computing)


def ahead(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """Return the batches, on a GPU each launched one ahead; on a CPU just as they come."""
    return one_ahead(batches, _copy_stream(device)) if device.type == "cuda" else batches


@cache
def _copy_stream(device: torch.device) -> CudaCopyStream:
    """Return a GPU's side stream, the same for all epochs: freed memory is used again on its own stream only."""
    return CudaCopyStream(device)


def one_ahead(batches: Iterator[Batch], copies: CopyStream) -> Iterator[Batch]:
    """Yield the batches in their order, the next one on its way when one is yielded.

    Nothing is read before the first is asked for. An error in reading a batch is raised where that batch is asked for.

    Args:
        batches: reads a batch when it is asked for one.
        copies: the stream that they are read on.
    """

    def following() -> tuple[Batch | None, Exception | None]:
        try:
            with copies.reading():
                return next(batches, None), None
        except Exception as error:  # of any reader: told when its turn comes
            return None, error

    batch, error = following()
    while batch is not None:
        copies.hand_over(batch)  # before the next is launched, which would be waited for, too
        upcoming = following()
        yield batch
        batch, error = upcoming
    if error is not None:
        raise error
