"""Ten steps of the real hook on golden gradients against plain NumPy, and against digests of an earlier run."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from engine import Weights, gradients, put_to_work
from reference import Reference

from rsbench.compressors import COMPRESSORS, parse

GOLDEN = Path(__file__).parents[2] / "golden" / "trajectories.json"
STEPS = 10
TEXTS = [
    "topk:density=0.02",
    "topk:density=0.02,kernels=eager",
    "topk:density=0.02,selector=exact",
    "dgc:density=0.02",
    "dgc:density=0.02,nesterov=true",
    "dgc:density=0.02,warmup_steps=5",
    "rsdgc:density=0.02,policy=uniform",
    "rsdgc:density=0.02,policy=uniform,kernels=eager",
    "rsdgc:density=0.02,policy=uniform,selector=exact",
]


def trajectory(text: str) -> list[dict[str, torch.Tensor]]:
    """What each step sent, by tensor."""
    net, model, _ = put_to_work(text)
    rng, found = torch.Generator().manual_seed(5), []
    for _ in range(STEPS):
        net.zero_grad()
        model(gradients(net, rng)).backward()
        found.append({n: p.grad.clone() for n, p in net.named_parameters()})
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_ten_steps_are_those_of_the_formulas(text: str) -> None:
    compressor, net = parse(text), Weights()
    memory = {
        n: Reference(tuple(p.shape), compressor.name, 0.5, getattr(compressor, "nesterov", False))
        for n, p in net.named_parameters()
        if p.dim() > 1
    }
    rng = torch.Generator().manual_seed(5)
    for step, sent in enumerate(trajectory(text)):
        given = gradients(net, rng)
        for name, reference in memory.items():
            right = reference.step(given[name].numpy().ravel(), compressor.density_at(step))
            assert np.array_equal(sent[name].numpy().ravel(), right), f"{name}, step {step}"


@pytest.mark.parametrize("name", [name for name, cls in COMPRESSORS.items() if cls.trains])
def test_trajectories_have_not_changed(name: str) -> None:
    """Golden gradients make sums exact; after a change on purpose, RSBENCH_UPDATE_GOLDEN=1 writes the digests anew.

    Products of matrices round differently from processor to processor: of PowerSGD norms are compared.
    """
    digests: list[Any] = [
        float(torch.cat([t.flatten() for t in sent.values()]).double().norm())
        if name == "powersgd"
        else hashlib.sha256(b"".join(t.numpy().tobytes() for t in sent.values())).hexdigest()[:16]
        for sent in trajectory(name)
    ]
    known = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("RSBENCH_UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps({**known, name: digests}, indent=1, sort_keys=True) + "\n")
        return
    assert digests == (pytest.approx(known[name], rel=1e-5) if name == "powersgd" else known[name])
