"""Index codings of a whole bucket, against those of one tensor."""

from __future__ import annotations

import pytest
import torch
from buckets import Case

from rsbench.compressors.blocks.layout import elements
from rsbench.compressors.device.codings import bucket_codings

CPU = torch.device("cpu")
CASE = Case([elements((n,)) for n in (100, 200_000, 50, 140_000, 64)], [3, 5, 20, 40, 30])
FIRSTS = (0, 3, 8, 28, 68)


def drawn(rng: torch.Generator, blocks: int, k: int) -> torch.Tensor:
    """Every other time with the last block, far from the others."""
    index = torch.randperm(blocks, generator=rng)[:k]
    index[0] = blocks - 1 if torch.rand((), generator=rng) < 0.5 else index[0]
    return index.unique() if len(index.unique()) == k else torch.arange(k)


def test_bytes_are_those_of_each_tensors_own_coding_and_are_read_back() -> None:
    message, rng = CASE.message(), torch.Generator().manual_seed(0)
    codings = bucket_codings(list(zip(FIRSTS, message.slots, strict=True)), CPU)
    assert len(codings) >= 2
    for _ in range(5):
        mine, right, every = message.allocate(CPU), message.allocate(CPU), []
        for slot in message.slots:
            every.append(drawn(rng, slot.layout.blocks, slot.count))
            assert slot.coding is not None
            slot.coding.encode(every[-1], slot.layout.blocks, right[slot.indices])
        index = torch.cat(every)
        for coding in codings:
            coding.encode(index[coding.pick], mine)
        assert torch.equal(mine, right)
        for coding in codings:
            found, complete = coding.decode(torch.stack([mine, mine]))
            assert torch.equal(found, index[coding.pick].expand(2, -1))
            assert complete is None or complete.all()


@pytest.mark.parametrize("fill", [0, 255, None])
def test_other_bytes_give_as_many_numbers_and_no_exception(fill: int | None) -> None:
    message, rng = CASE.message(), torch.Generator().manual_seed(0)
    data = torch.randint(0, 256, (3, message.payload_bytes), generator=rng, dtype=torch.uint8)
    data = data if fill is None else data.fill_(fill)
    for coding in bucket_codings(list(zip(FIRSTS, message.slots, strict=True)), CPU):
        found, _ = coding.decode(data)
        assert found.shape == (3, len(coding.pick))
