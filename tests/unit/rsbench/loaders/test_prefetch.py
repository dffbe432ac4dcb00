"""One batch ahead, with a stand-in for a GPU's side stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rsbench.errors import RsbenchError
from rsbench.loaders.batches import Batch, TrainBatches
from rsbench.loaders.images import symmetries
from rsbench.loaders.orders import DealtAnew
from rsbench.loaders.prefetch import CudaCopyStream, ahead, one_ahead

CPU = torch.device("cpu")


class Stream:
    """A side stream that writes down what happens, and refuses to read a batch outside of it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.current = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        self.current = True
        yield
        self.current = False

    def hand_over(self, batch: Batch) -> None:
        self.log.append(f"hand over {int(batch[0][0])}")

    def numbers(self, count: int, fault: int | None = None) -> Iterator[Batch]:
        """Yield batches that hold their number."""
        for number in range(count):
            assert self.current, "read on the stream that computes"
            if number == fault:
                raise RsbenchError(f"no batch {number}")
            self.log.append(f"read {number}")
            yield (torch.tensor([number]),)


def test_a_batch_is_handed_over_before_the_next_is_read_and_used_after_that() -> None:
    stream = Stream()
    for batch in one_ahead(stream.numbers(3), stream):
        stream.log.append(f"use {int(batch[0][0])}")
    begin = ["read 0", "hand over 0", "read 1", "use 0"]
    assert stream.log == [*begin, "hand over 1", "read 2", "use 1", "hand over 2", "use 2"]


def test_nothing_is_read_before_the_first_is_asked_for_nor_after_an_early_end() -> None:
    stream = Stream()
    batches = one_ahead(stream.numbers(9), stream)
    assert stream.log == []
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert stream.log == ["read 0", "hand over 0", "read 1"] and not stream.current


def test_no_batches_are_no_batches() -> None:
    stream = Stream()
    assert list(one_ahead(stream.numbers(0), stream)) == []


@pytest.mark.parametrize("fault", [0, 1, 2])
def test_an_error_is_raised_where_its_batch_is_asked_for(fault: int) -> None:
    stream = Stream()
    batches = one_ahead(stream.numbers(4, fault), stream)
    assert [int(next(batches)[0][0]) for _ in range(fault)] == list(range(fault))
    with pytest.raises(RsbenchError, match=f"^no batch {fault}$"):
        next(batches)


class Turned:
    """Reads small pictures that hold their position, turned at random."""

    def read(self, positions: NDArray[np.int64], rng: torch.Generator | None) -> Batch:
        pictures = torch.arange(4.0).view(1, 1, 2, 2) + 10.0 * torch.from_numpy(positions).view(-1, 1, 1, 1)
        return symmetries((pictures,), rng) if rng is not None else (pictures,)


def walk() -> TrainBatches:
    """Return batches of 4 of 11 samples, the last of an epoch smaller."""
    order = DealtAnew(np.arange(11), rank=0, workers=1, seed=7)
    return TrainBatches(Turned(), order, rank=0, batch_size=4, steps=3, seed=7)


def test_order_augmentations_and_the_last_smaller_batch_are_those_of_a_plain_walk() -> None:
    plain, prefetched = walk(), walk()
    for epoch in range(3):  # the generator of augmentations goes on from epoch to epoch
        expected = [batch[0] for batch in plain.epoch(epoch)]
        given = [batch[0] for batch in one_ahead(prefetched.epoch(epoch), _Anywhere())]
        assert [len(batch) for batch in expected] == [4, 4, 3]
        assert len(given) == len(expected) and all(map(torch.equal, given, expected))


class _Anywhere(Stream):
    """Hands over without looking."""

    def hand_over(self, batch: Batch) -> None:
        pass


def test_on_a_cpu_the_loaders_own_iterator_is_used() -> None:
    batches = walk().epoch(0)
    assert ahead(batches, CPU) is batches


def test_a_gpus_computing_stream_waits_for_the_copies_and_keeps_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[tuple[str, Any]] = []
    computing = SimpleNamespace(wait_stream=lambda stream: log.append(("waits for", stream)))
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: f"side stream of {device}")
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: computing)
    tensors: Any = [SimpleNamespace(record_stream=lambda stream: log.append(("kept by", stream))) for _ in range(2)]
    CudaCopyStream(torch.device("cuda", 1)).hand_over(tuple(tensors))
    assert log == [("waits for", "side stream of cuda:1"), ("kept by", computing), ("kept by", computing)]
