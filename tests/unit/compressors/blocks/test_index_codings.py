"""Codings of block indices: each survives the way there and back; and one from outside takes part in a real step."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import pytest
import torch
from engine import Weights, gradients
from hypothesis import given
from hypothesis import strategies as st
from layouts import modest
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.compressors.blocks import index_codings
from rsbench.compressors.blocks.index_codings import Bitmap, Gaps, Int32, coding_for, index_bytes
from rsbench.compressors.density.allocation import HEADER_BYTES

OUTSIDE = '''
"""Distances of 8 bits; 255 moves on and carries no block."""

import torch

from rsbench.compressors.blocks.index_codings import padded


class ByteGaps:
    def size_bytes(self, count, blocks):
        return padded(count + blocks // 255)

    def encode(self, index, blocks, into):
        last, entries = 0, []
        for i in index.tolist():
            fillers, rest = divmod(i - last, 255)
            entries += [255] * fillers + [rest]
            last = i
        into.fill_(255)[: len(entries)] = torch.tensor(entries, dtype=torch.uint8)

    def decode(self, data, count, blocks):
        steps = data.long()
        return steps.cumsum(0)[steps != 255][:count]
'''


@modest
@given(st.integers(1, 300_000), st.floats(0, 1), st.integers(0, 2**31))
def test_block_numbers_survive_every_coding(blocks: int, share: float, seed: int) -> None:
    count = max(1, math.ceil(blocks * share**3))
    index = torch.randperm(blocks, generator=torch.Generator().manual_seed(seed))[:count].sort().values
    data = torch.empty(index_bytes(count, blocks), dtype=torch.uint8)
    coding = coding_for(count, blocks)
    coding.encode(index, blocks, data)
    assert torch.equal(coding.decode(data, count, blocks), index)


def test_each_coding_is_the_cheapest_somewhere() -> None:
    assert isinstance(coding_for(3, 10_000_000), Int32)
    assert isinstance(coding_for(10_000, 10_000_000), Gaps)
    assert isinstance(coding_for(2_000_000, 10_000_000), Bitmap)
    far = torch.tensor([0, 65_534, 65_535 + 65_534, 300_000, 999_999])
    data = torch.empty(2 * 20, dtype=torch.uint8)
    Gaps().encode(far, 1_000_000, data)
    assert torch.equal(Gaps().decode(data, 5, 1_000_000), far)


@pytest.mark.parametrize("text", ["topk:density=0.02", "topk:density=0.02,kernels=eager"])
def test_a_coding_is_one_class_and_one_line(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken where it is the cheapest, beside the built-in ones; its bytes are planned, and nothing is lost."""
    (tmp_path / "byte_gaps.py").write_text(OUTSIDE)
    monkeypatch.syspath_prepend(tmp_path)
    coding = importlib.import_module("byte_gaps").ByteGaps()
    compressor, net = parse(text), Weights()
    shapes = {n: p.shape for n, p in net.named_parameters()}
    before = compressor.payload_bytes(shapes, 0)
    monkeypatch.setattr(index_codings, "CODINGS", [*index_codings.CODINGS, coding])
    assert compressor.payload_bytes(shapes, 0) < before
    model = DistributedDataParallel(net)
    compressor.register(model)
    compressor.param_groups(net, lr=0.1, momentum=0.0)
    rng, arrived, came_in = torch.Generator().manual_seed(3), torch.zeros(10, 31), torch.zeros(10, 31)
    for _ in range(3):
        given = gradients(net, rng)
        net.zero_grad()
        model(given).backward()
        came_in += given["linear"]
        arrived += net.get_parameter("linear").grad
        slots = list(compressor.hook._messages.values())[-1][0].slots
        used = [slot.coding for slot in slots if slot.coding is not None]
        assert used.count(coding) >= 3
        assert any(other is not coding for other in used)
        assert {s.indices.stop - s.indices.start for s in slots if s.layout.shape == (10, 31)} == {8}, "7 + 1 in words"
        sizes = [slot.layout.sparse_bytes(slot.count) for slot in slots]
        assert compressor.step_stats()["payload_bytes"] == HEADER_BYTES + sum(sizes)
    assert torch.equal(arrived + compressor.state_dict()["memory"]["v"]["linear"].view(10, 31), came_in)
