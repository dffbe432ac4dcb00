"""One rank of the tests of real training loops: what users do around DDP, with each compressor, as facts in JSON.

Started by test_real_loops.py as ``python loops.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from networks import Branches, Dictated, Tied, convnet
from rank import answer
from torch import nn
from training import MOMENTUM, PLAIN, TEXTS, against_plain, digest, fit, images, planned, weights, wrap

from rsbench.compressors import Compressor

# --- the laws, one entry of facts each ------------------------------------------------------------------------------


def no_sync(name: str) -> dict[str, Any]:
    """Two micro-batches, the first under no_sync, against one backward of the summed gradient."""
    ends, steps = {}, []
    for accumulate in (True, False):
        net = Dictated()
        model, compressor, optimizer = wrap(TEXTS[name], net)
        for step in range(5):
            first, second = net.gradients(2 * step), net.gradients(2 * step + 1)
            optimizer.zero_grad()
            if accumulate:
                before = compressor.hook.step
                with model.no_sync():
                    model(first).backward()
                steps.append(compressor.hook.step - before)
                model(second).backward()
                steps.append(compressor.hook.step - before)
            else:
                model([a + b for a, b in zip(first, second, strict=True)]).backward()
            optimizer.step()
        ends[accumulate] = weights(net)
    return {"accumulated": ends[True], "summed": ends[False], "steps": steps}


def unused(name: str) -> dict[str, Any]:
    """Branches that all, some or no ranks use: the same for ranks, and for none the same as plain DDP."""
    uses = ["left", "left+right", "", "right" if dist.get_rank() == 0 else "left", "left", "right"]
    found: dict[str, Any] = {}
    for text in (TEXTS[name], PLAIN):
        net = Branches()
        model, _, optimizer = wrap(text, net, find_unused_parameters=True)
        rng = torch.Generator().manual_seed(dist.get_rank())
        for use in uses:
            optimizer.zero_grad()
            model(torch.randn(4, 12, generator=rng), use).backward()
            optimizer.step()
        found["plain" if text == PLAIN else "compressed"] = weights(net)
        found["never"] = net.never.weight.grad is None
    return found


def unused_conserves(name: str) -> bool:
    """Whether what reached .grad plus the residuals is all that came in, when a tensor rests for two steps."""
    net = Dictated()
    model, compressor, _ = wrap(TEXTS[name], net, find_unused_parameters=True)
    came_in, reached = torch.zeros_like(net.linear), torch.zeros_like(net.linear)
    for step in range(6):
        conv, linear, bias = net.gradients(step)
        rests = step in (2, 3)
        net.zero_grad()
        model([conv, None if rests else linear, bias]).backward()
        came_in += 0 if rests else linear
        reached += 0 if net.linear.grad is None else net.linear.grad
    kept = came_in - (compressor.state_dict()["memory"]["v"]["linear"].view_as(came_in) if name != "none" else 0)
    dist.all_reduce(kept)
    return torch.equal(reached, kept / dist.get_world_size())


def static_graph(name: str) -> dict[str, Any]:
    """The same weights with static_graph, on a network with a layer that is never used and on one without."""
    found = {}
    for static in (False, True):
        found[f"all used, {static}"] = weights(fit(TEXTS[name], convnet(), static_graph=static)[0])
        net = Branches()
        ddp = {"static_graph": True} if static else {"find_unused_parameters": True}
        model, _, optimizer = wrap(TEXTS[name], net, **ddp)
        rng = torch.Generator().manual_seed(dist.get_rank())
        for _ in range(5):
            optimizer.zero_grad()
            model(torch.randn(4, 12, generator=rng), "left+right").backward()
            optimizer.step()
        found[f"one unused, {static}"] = weights(net)
    return found


def bucket_view(name: str) -> list[str]:
    """Gradients as views of buckets or copies, zeroed or set to None: four times the same weights."""
    return [
        weights(fit(TEXTS[name], convnet(), gradient_as_bucket_view=view, set_to_none=none)[0])
        for view in (False, True)
        for none in (False, True)
    ]


def param_groups(name: str) -> float | None:
    """Two calls of param_groups with their own learning rates, against SGD with such groups."""

    def optimize(net: nn.Module, compressor: Compressor | None) -> torch.optim.Optimizer:
        groups: list[dict[str, Any]] = []
        for part, lr in ((net[:3], 0.02), (net[3:], 0.08)):
            if compressor is None:
                groups.append({"params": part.parameters(), "lr": lr, "momentum": MOMENTUM})
            else:
                groups.extend(compressor.param_groups(part, lr=lr, momentum=MOMENTUM))
        return torch.optim.SGD(groups)

    return against_plain(name, convnet, optimize)


def frozen(name: str) -> dict[str, Any]:
    """The first layers are frozen before wrapping: they keep their weights and cost no bytes."""
    net, start = convnet(), convnet()
    net[:3].requires_grad_(False)
    _, compressor = fit(TEXTS[name], net)
    return {
        "weights": weights(net),
        "kept": weights(net[:3]) == weights(start[:3]),
        "moved": weights(net[4]) != weights(start[4]),
        "payload": compressor.step_stats()["payload_bytes"],
        "planned": planned(compressor, net, 5),
    }


def changed_after_wrapping(name: str) -> dict[str, str]:
    """What the user reads when a layer is unfrozen, or frozen, after the model was wrapped."""
    found = {}
    for before in (False, True):
        net = convnet()
        net[4].requires_grad_(before)
        model, _, optimizer = wrap(TEXTS[name], net)
        found["frozen" if before else "unfrozen"] = "no error"
        try:
            for step, (x, y) in enumerate(images(4)):
                if step == 2:
                    net[4].requires_grad_(not before)
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
        except Exception as error:
            found["frozen" if before else "unfrozen"] = f"{type(error).__name__}: {error}"
    return found


def tied(name: str) -> dict[str, Any]:
    """A shared matrix is one tensor: averaged once, counted once."""
    net, compressor = fit(TEXTS[name], Tied())
    return {
        "compressed": weights(net),
        "plain": weights(fit(PLAIN, Tied())[0]),
        "tensors": sorted(compressor.step_stats()["density"]),
        "payload": compressor.step_stats()["payload_bytes"],
        "planned": planned(compressor, net, 5),
        "exact": against_plain(name, Tied),
    }


def channels_last(name: str) -> dict[str, Any]:
    """Memory order of weights and images: exact gradients give the same weights, a real network those of plain DDP."""
    found: dict[str, Any] = {}
    for order in (torch.contiguous_format, torch.channels_last):
        net = Dictated().to(memory_format=order)
        assert net.conv.is_contiguous(memory_format=order)
        model, _, optimizer = wrap(TEXTS[name], net)
        for step in range(5):
            optimizer.zero_grad()
            model(net.gradients(step)).backward()
            optimizer.step()
        found[str(order)] = digest(p.contiguous() for p in net.parameters())
    found["exact"] = against_plain(name, lambda: convnet().to(memory_format=torch.channels_last))
    return found


def low_rank() -> list[float]:
    """How far the result is from the average when its rank is half of what is sent, relative, by step."""
    net, rank = Dictated(), dist.get_rank()
    model, _, _ = wrap(f"powersgd:rank={2 * dist.get_world_size()}", net)
    found = []
    for step in range(3):
        every = []
        for other in range(dist.get_world_size()):
            rng = torch.Generator().manual_seed(10 * step + other)
            every.append(torch.outer(*(torch.randn(n, generator=rng) for n in net.linear.shape)))
        conv, _, bias = net.gradients(step)
        net.zero_grad()
        model([conv, every[rank], bias]).backward()
        average = torch.stack(every).mean(0)
        found.append(float((net.linear.grad - average).norm() / average.norm()))
    return found


def shared_mask(text: str) -> list[dict[str, Any]]:
    """This rank's own gradients and the average that came back, step by step."""
    net = Dictated()
    model, _, _ = wrap(text, net)
    found = []
    for step in range(4):
        given = net.gradients(step)
        net.zero_grad()
        model(given).backward()
        found.append(
            {n: [g.tolist(), p.grad.tolist()] for (n, p), g in zip(net.named_parameters(), given, strict=True)}
        )
    return found


LAWS = (no_sync, unused, static_graph, bucket_view, param_groups, frozen, changed_after_wrapping, tied, channels_last)


def facts() -> dict[str, Any]:
    found = {law.__name__: {name: law(name) for name in TEXTS} for law in LAWS}
    found["low_rank"] = low_rank()
    found["shared_mask"] = {text: shared_mask(text) for text in ("gcc", "gcc:rho=0.8")}
    return {**found, "unused_conserves": {name: unused_conserves(name) for name in ("none", "topk", "gcc residual")}}


if __name__ == "__main__":
    answer(lambda *_: facts())
