"""Packing of bits."""

from __future__ import annotations

import pytest
import torch

from rsbench.compressors.blocks import bits


@pytest.mark.parametrize("n", [1, 7, 8, 9, 64, 1001])
def test_bits_come_back(n: int) -> None:
    mask = torch.rand(n, generator=torch.Generator().manual_seed(n)) < 0.5
    packed = torch.full((-(-n // 8),), 255, dtype=torch.uint8)
    bits.pack(mask, packed)
    assert torch.equal(bits.unpack(packed, n), mask.to(torch.uint8))
    right = sum(int(bit) << place for place, bit in enumerate(mask.tolist()))
    assert int.from_bytes(packed.numpy().tobytes(), "little") == right
