"""What real hooks send over a run is what planning added up, and the ratio that was asked for."""

from __future__ import annotations

import io
import itertools
import math
from typing import Any

import pytest
import torch
from engine import CAP_MB, Weights, gradients, put_to_work
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import parse
from rsbench.compressors.blocks.layout import dense
from rsbench.compressors.density.allocation import bucket_count
from rsbench.planning import byte_matching
from rsbench.planning.probe import ModelFacts

STEPS = 12
FACTS = ModelFacts(name="weights", networks={"": {n: tuple(p.shape) for n, p in Weights().named_parameters()}})
TEXTS = {
    "topk": (3, 7.7, 12),
    "topk:values=fp16,one_d=select": (3, 7.7, 30),
    "randomk:one_d=select": (3, 7.7, 20),
    "blocktopk:neighborhood=tile,p=4": (3, 4.3),
    "dgc:warmup_steps=3": (3, 4.4),
    "rsdgc:update_steps=4": (3, 5.2),
    "rsdgc:update_steps=1,policy=lamp,one_d=select": (3, 7.7),
    "rsdgc:update_steps=5,ceiling=0.3,floor=0": (4.2, 6),
    "rsdgc:policy=uniform,ceiling=0.3,p=2": (4.2, 6),
    "rsdgc:update_steps=2,policy=mean_abs,warmup_steps=4,warmup=exponential,values=bf16": (4.2, 5),
}


def matched(text: str, ratio: float) -> tuple[str, float]:
    """The compressor's text at a ratio over STEPS steps, and the ratio that planning promises."""
    sizes: dict[str, Any] = {"workers": 2, "steps": STEPS, "bucket_cap_mb": CAP_MB}
    compressor = byte_matching.match_bytes(parse(text), FACTS, ratio=ratio, match="payload", **sizes)
    return compressor.text, byte_matching.estimate(compressor, FACTS, batch_size=1, **sizes).compression_ratio


def sent_bytes(text: str, steps: int = STEPS) -> list[int]:
    """The payload that a real hook counted, by step."""
    net, model, compressor = put_to_work(text)
    rng, sent = torch.Generator().manual_seed(0), []
    for _ in range(steps):
        model(gradients(net, rng)).backward()
        sent.append(compressor.step_stats()["payload_bytes"])
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(1 + 0.5 * torch.rand(parameter.shape, generator=rng))
    return sent


@pytest.mark.parametrize(("text", "ratio"), [(text, ratio) for text, ratios in TEXTS.items() for ratio in ratios])
def test_the_run_sends_what_was_asked_and_planned(text: str, ratio: float) -> None:
    run, planned = matched(text, ratio)
    total = sum(sent_bytes(run))
    assert FACTS.dense_bytes * STEPS / total == pytest.approx(ratio, rel=0.01)
    if not parse(text).is_dynamic:
        assert FACTS.dense_bytes * STEPS / total == planned


def test_a_ceiling_bounds_every_layer_of_every_policy_in_the_warm_up_too() -> None:
    for policy in ("uniform", "global_rank", "mean_abs"):
        net, model, compressor = put_to_work(f"rsdgc:density=0.5,ceiling=0.2,warmup_steps=2,policy={policy},extra=0.5")
        rng = torch.Generator().manual_seed(0)
        for _ in range(3):
            model(gradients(net, rng)).backward()
            for name, layout in compressor.hook.layouts.items():
                if layout.compressed:
                    assert compressor.hook.counts[name] <= math.ceil(0.2 * layout.blocks), (policy, name)


@pytest.mark.parametrize("text", ["topk", "rsdgc:update_steps=3", "dgc:one_d=select"])
def test_compiled_loops_choose_as_torch_does_where_blocks_alternate(text: str) -> None:
    found = []
    for kernels in ("auto", "eager"):
        net, model, _ = put_to_work(matched(f"{text}{',' if ':' in text else ':'}kernels={kernels}", 5)[0])
        rng, steps = torch.Generator().manual_seed(3), []
        for _ in range(6):
            net.zero_grad()
            model(gradients(net, rng)).backward()
            steps.append({n: p.grad.clone() for n, p in net.named_parameters()})
        found.append(steps)
    for compiled, eager in zip(*found, strict=True):
        assert all(torch.equal(compiled[name] != 0, eager[name] != 0) for name in compiled)


@pytest.mark.parametrize(("text", "ratio"), [("blocktopk:neighborhood=tile,p=4", 4.3), ("rsdgc:update_steps=4", 5.2)])
def test_a_resumed_run_takes_the_same_turns(text: str, ratio: float) -> None:
    run, _ = matched(text, ratio)
    whole = sent_bytes(run)
    assert len(set(whole[1:4])) == 2, "steps alternate"
    net, model, compressor = put_to_work(run)
    rng, file = torch.Generator().manual_seed(0), io.BytesIO()
    for _ in range(5):
        model(gradients(net, rng)).backward()
    torch.save(compressor.state_dict(), file)
    file.seek(0)
    resumed = parse(run)
    other = DistributedDataParallel(net, bucket_cap_mb=CAP_MB)
    resumed.register(other)
    resumed.param_groups(net, lr=0.1, momentum=0.5)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for step in (5, 6, 7):
        for served, hook in ((model, compressor), (other, resumed)):
            served(gradients(net, torch.Generator().manual_seed(step))).backward()
            hook.step_stats()
        assert resumed.step_stats()["payload_bytes"] - 16 * len(resumed.hook.timeline) == compressor.step_stats()[
            "payload_bytes"
        ] - 16 * len(compressor.hook.timeline)


@pytest.mark.parametrize("cap_mb", [0.002, 0.05, 0.4, 25.0])
def test_buckets_are_counted_as_ddp_makes_them(cap_mb: float) -> None:
    """One in the first step, then by size in the order in which gradients come."""
    torch.manual_seed(0)
    widths = [30, 200, 10, 400, 7, 64, 300, 3]
    pairs = itertools.pairwise(widths)
    net = nn.Sequential(*[nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.Tanh()) for a, b in pairs])
    model = DistributedDataParallel(net, bucket_cap_mb=cap_mb)
    compressor = parse("none")
    compressor.register(model)
    layouts = [dense(p.shape) for p in net.parameters()]
    for step in range(3):
        model(torch.randn(4, 30)).sum().backward()
        assert bucket_count(layouts, cap_mb, step) == len(compressor.hook.timeline)


@pytest.mark.parametrize("policy", ["mean_abs", "global_rank"])
def test_short_runs_miss_their_plan_by_no_more_than_is_said(policy: str) -> None:
    """Plan and run each keep to half a block of the budgets, so that they may be a whole block apart."""
    misses = []
    for density, extra in itertools.product((0.02, 0.5), (0.1, 0.5, 0.7, 0.9)):
        compressor = parse(f"rsdgc:policy={policy},update_steps=1,density={density},extra={extra}")
        planned = compressor.total_payload_bytes(FACTS.networks[""], 1, CAP_MB)
        miss = abs(sum(sent_bytes(compressor.text, 1)) - planned)
        misses.append(miss / compressor.uncertain_bytes(FACTS.networks[""], 1))
    assert 0.5 < max(misses) <= 1
