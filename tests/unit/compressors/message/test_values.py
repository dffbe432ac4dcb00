"""Values in 16 and 8 bits: scales, and rounding errors that stay in the residual."""

from __future__ import annotations

import copy

import pytest
import torch
from engine import gradients, put_to_work

from rsbench.compressors import parse
from rsbench.compressors.message import values


@pytest.mark.parametrize("values", ["fp16", "bf16", "int8"])
@pytest.mark.parametrize("text", ["topk:density=0.05", "rsdgc:density=0.05", "dgc:density=1", "blocktopk:density=0.3"])
def test_the_rounding_error_stays_in_the_residual(text: str, values: str) -> None:
    net, model, compressor = put_to_work(f"{text},values={values}")
    full = parse(text)
    shapes = {n: tuple(p.shape) for n, p in net.named_parameters()}
    rng, inexact = torch.Generator().manual_seed(2), 0
    for _ in range(4):
        before = copy.deepcopy(compressor.state_dict()["memory"])
        # not multiples of 2^-10: neither 16 nor 8 bits can hold them
        g = {n: x * 1.2345 for n, x in gradients(net, rng).items()}
        net.zero_grad()
        model(g).backward()
        after = compressor.state_dict()["memory"]
        for name, parameter in net.named_parameters():
            if name in after["v"]:
                taken = g[name].flatten()
                if "u" in before:
                    taken = torch.addcmul(taken, before["u"][name], torch.tensor(0.5))
                total = before["v"][name] + taken
                sent = parameter.grad.flatten()
                assert torch.allclose(sent + after["v"][name], total, rtol=0, atol=1e-6), name
                both = (sent != 0) & (after["v"][name] != 0)
                inexact += int(both.sum())
                exact = sent.double() + after["v"][name].double()
                if values == "int8":  # its scale is no power of two: the sum rounds once
                    assert torch.allclose(exact.float(), total, rtol=2.0**-22, atol=0)
                    continue
                assert torch.equal(exact[both].float().double(), exact[both]), "the split itself is without error"
    assert inexact, "something was rounded"
    assert compressor.payload_bytes(shapes, 0) < full.payload_bytes(shapes, 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("largest", [2.0**-126, 1.0, 2.0**126, 2.0**127, 3.3e38])
def test_a_scale_is_finite_for_every_finite_value(dtype: torch.dtype, largest: float) -> None:
    given, into, scale = torch.tensor([largest, -largest / 2, 0.0]), torch.zeros(3, dtype=dtype), torch.zeros(1)
    values.encode(given, into, scale)
    found = values.decode(into, scale)
    assert torch.allclose(found, given, rtol=2.0**-8, atol=0)
    assert torch.equal(found + (given - found), given)


@pytest.mark.parametrize("largest", [2.0**-126, 1.0, 2.0**126, 3.4e38])
def test_eight_bits_miss_by_half_a_level(largest: float) -> None:
    given = torch.tensor([largest, -largest, largest / 3, 0.0])
    into, scale = torch.zeros(4, dtype=torch.int8), torch.zeros(1)
    values.encode(given, into, scale)
    found = values.decode(into, scale)
    assert found.isfinite().all()
    assert (found - given).abs().max() <= max(largest, 127 * 2.0**-126) / 127 / 2 * 1.001


def test_eight_bits_are_rounded_to_the_nearest_level() -> None:
    given = torch.tensor([127.0, -126.4, 63.6, -0.4, 0.6])
    into, scale = torch.zeros(5, dtype=torch.int8), torch.zeros(1)
    values.encode(given, into, scale)
    assert (into.tolist(), scale.item()) == ([127, -126, 64, 0, 1], 1.0)
