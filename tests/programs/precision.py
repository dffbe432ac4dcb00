"""One rank of the tests of loss scaling, half precision and lists of groups: facts in JSON, errors as text.

Started by test_mixed_precision.py as ``python precision.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networks
import torch
import torch.distributed as dist
import training
from rank import answer
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor, parse

SCALE = 1024.0
OVERFLOW_STEP = 2


def register(text: str, net: nn.Module, **keywords: Any) -> tuple[Any, Compressor, torch.optim.Optimizer]:
    model = DistributedDataParallel(net, bucket_cap_mb=0.005)
    compressor = parse(text)
    compressor.register(model, **keywords)
    return model, compressor, torch.optim.SGD(compressor.param_groups(net, lr=0.05, momentum=0.9))


def scaled(name: str) -> dict[str, Any]:
    """The same training with a scaler whose scale grows, and with one that is switched off."""
    ends = []
    for scale in (True, False):
        net = networks.convnet()
        scaler = torch.amp.GradScaler("cpu", init_scale=SCALE, growth_interval=3, enabled=scale)
        model, _, optimizer = register(training.TEXTS[name], net, scaler=scaler)
        for x, y in training.images(8):
            optimizer.zero_grad()
            scaler.scale(nn.functional.cross_entropy(model(x), y)).backward()
            scaler.step(optimizer)
            scaler.update()
        ends.append(net)
    return {"distance": training.distance(*ends), "weights": training.weights(ends[0])}


def _memory(compressor: Compressor) -> dict[str, str]:
    """Kind and tensor name -> digest; empty for compressors without a memory."""
    memory = compressor.state_dict().get("memory", {})
    return {f"{kind} {name}": training.digest([t]) for kind, tensors in memory.items() for name, t in tensors.items()}


def overflow(name: str, tensors: tuple[int, ...] = (0, 1, 2)) -> dict[str, Any]:
    """Some tensors of the last rank overflow in one step of five; what that step changed, and how training ended."""
    net = networks.Dictated()
    scaler = torch.amp.GradScaler("cpu", init_scale=SCALE, growth_interval=1000)
    model, compressor, optimizer = register(training.TEXTS[name], net, scaler=scaler)
    found: dict[str, Any] = {}
    for step in range(5):
        gradients = net.gradients(step)
        if step == OVERFLOW_STEP and dist.get_rank() == dist.get_world_size() - 1:
            for tensor in tensors:
                gradients[tensor].view(-1)[3] = float("inf")
        before, start = _memory(compressor), training.weights(net)
        optimizer.zero_grad()
        scaler.scale(model(gradients)).backward()
        scaler.step(optimizer)
        scaler.update()
        if step == OVERFLOW_STEP:
            after = _memory(compressor)
            found["touched"] = sorted(key for key in before if before[key] != after[key])
            found["skipped"] = training.weights(net) == start
            found["scale"] = scaler.get_scale()
    return {**found, "weights": training.weights(net), "scale_at_end": scaler.get_scale()}


def overflow_of_one(name: str) -> dict[str, Any]:
    """One tensor overflows on one rank, but the step is skipped for all tensors of all ranks."""
    return overflow(name, tensors=(0,))


def no_scaler(name: str) -> str:
    """The sentence that this rank reads when the last rank's gradient is inf and nobody scales."""
    net = networks.Dictated()
    model, compressor, _ = register(training.TEXTS[name], net)
    gradients = net.gradients(0)
    if dist.get_rank() == dist.get_world_size() - 1:
        gradients[0].view(-1)[3] = float("inf")
    try:
        model(gradients).backward()
    except RuntimeError as error:
        assert str(compressor.hook.failure) in str(error)
        return str(compressor.hook.failure)
    return f"no error; the gradient is {'' if net.conv.grad.isfinite().all() else 'not '}finite"


def half(text: str, dtype: torch.dtype) -> dict[str, Any]:
    """Parameters in 2 bytes: the losses, the dtypes of the memory, and the bytes against dense."""
    net = networks.convnet().to(dtype)
    model, compressor, optimizer = register(text, net)
    losses, payload, allowed = [], [], []
    for x, _ in training.images(30):
        optimizer.zero_grad()
        y = (x.mean((1, 2, 3)) > 0).long()
        loss = nn.functional.cross_entropy(model((x + 2 * y.view(-1, 1, 1, 1)).to(dtype)).float(), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        stats = compressor.step_stats()
        payload.append(stats["payload_bytes"])
        pieces = dist.get_world_size() if compressor.collective == "all_to_all" else 1  # of a tensor, and of a bucket
        padding = 2 * pieces * len(list(net.parameters()))  # bodies start at whole words
        allowed.append(stats["dense_bytes"] + padding + 16 * pieces * len(compressor.hook.timeline))
    memory = compressor.state_dict().get("memory", {})
    first = int(compressor.name == "gcc")  # its first step is dense and sends masks beside
    return {
        "weights": training.weights(net.float()),
        "losses": losses,
        "memory": sorted({str(t.dtype) for tensors in memory.values() for t in tensors.values()}),
        "dense_bytes": compressor.step_stats()["dense_bytes"],
        "elements": sum(p.numel() for p in net.parameters()),
        "fits": all(p <= a for p, a in zip(payload[first:], allowed[first:], strict=True)),
    }


def bfloat16(name: str) -> dict[str, Any]:
    return half(training.TEXTS[name], torch.bfloat16)


def bfloat16_dense(name: str) -> dict[str, Any]:
    return half(training.EXACT.get(name, training.TEXTS[name]), torch.bfloat16)


def float16(name: str) -> dict[str, Any]:
    return half(training.TEXTS[name], torch.float16)


def group_list(name: str) -> float | None:
    """A list of group dicts as SGD takes it, one with its own learning rate, against SGD with that list."""

    def optimize(net: nn.Module, compressor: Compressor | None) -> torch.optim.Optimizer:
        groups: Any = [{"params": net[:3].parameters(), "lr": 0.02}, {"params": list(net[3:].parameters())}]
        if compressor is None:
            return torch.optim.SGD(groups, lr=0.08, momentum=0.9)
        return torch.optim.SGD(compressor.param_groups(groups, lr=0.08, momentum=0.9))

    return training.against_plain(name, networks.convnet, optimize)


LAWS = (scaled, overflow, overflow_of_one, no_scaler, bfloat16, bfloat16_dense, float16, group_list)


def attempt(law: Callable[[str], Any], name: str) -> Any:
    try:
        return law(name)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    answer(lambda *_: {law.__name__: {name: attempt(law, name) for name in training.TEXTS} for law in LAWS})
