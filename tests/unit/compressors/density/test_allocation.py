"""Values in 16 bits lose nothing in the sum; no layer falls below its floor on real shapes."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from engine import gradients, put_to_work

from rsbench.compressors import parse
from rsbench.compressors.density.allocation import share_of, share_out, uniform_counts
from rsbench.compressors.density.policies import POLICIES
from rsbench.planning import probe_worker


@pytest.mark.parametrize("values", ["fp16", "bf16"])
@pytest.mark.parametrize("text", ["topk:density=0.05", "rsdgc:density=0.05", "dgc:density=1", "blocktopk:density=0.3"])
def test_the_rounding_error_stays_in_the_residual(text: str, values: str) -> None:
    net, model, compressor = put_to_work(f"{text},values={values}")
    full = parse(text)
    shapes = {n: tuple(p.shape) for n, p in net.named_parameters()}
    rng, inexact = torch.Generator().manual_seed(2), 0
    for _ in range(4):
        before = copy.deepcopy(compressor.state_dict()["memory"])
        # not multiples of 2^-10: 16 bits cannot hold them
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
                assert torch.equal(exact[both].float().double(), exact[both]), "the split itself is without error"
    assert inexact, "something was rounded"
    assert compressor.payload_bytes(shapes, 0) < full.payload_bytes(shapes, 0)


@pytest.mark.parametrize("model", ["vgg19", "resnet18", "resnet50"])
@pytest.mark.parametrize("policy", ["global_rank", "mean_abs", "lamp"])
def test_no_layer_falls_below_its_floor(model: str, policy: str) -> None:
    density, floor, ceiling = 0.001, 0.1, 0.5
    shapes = probe_worker.model_facts(task="scenes", model=model, inputs={"classes": 45}, image_size=224, weights=None)[
        "networks"
    ][""].values()
    layouts = [parse("rsdgc").layout(shape) for shape in shapes if len(shape) > 1]
    rng = torch.Generator().manual_seed(0)
    # He's scaling, on every 16th weight of the large layers: ranks and means need no more
    weights, shares = [], []
    for layout in layouts:
        step = 16 if layout.numel > 1_000_000 else 1
        weights.append(torch.randn(layout.numel // step, generator=rng) * math.sqrt(2 / layout.cols))
        shares.append(step)
    wanted = [s * e for s, e in zip(shares, POLICIES[policy]().importance(weights, layouts, density), strict=True)]
    floors = [share_of(floor * density, layout.blocks) for layout in layouts]
    most = [share_of(ceiling, layout.blocks) for layout in layouts]
    budget = sum(lay.sparse_bytes(c) for lay, c in zip(layouts, uniform_counts(layouts, density), strict=True))
    counts = share_out(layouts, wanted, budget_bytes=budget, floor_counts=floors, most_counts=most)
    for layout, count in zip(layouts, counts, strict=True):
        assert count / layout.blocks >= floor * density
        assert count / layout.blocks <= ceiling + 1 / layout.blocks
    used = sum(layout.sparse_bytes(c) for layout, c in zip(layouts, counts, strict=True))
    assert budget - 8 - 4 * max(layout.block for layout in layouts) < used <= budget
    assert len({round(count / layout.blocks, 6) for layout, count in zip(layouts, counts, strict=True)}) > 3
