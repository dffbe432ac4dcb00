"""Laws of part a for gradients that are not finite: refused with one sentence, or skipped by a GradScaler."""

from __future__ import annotations

import math
from typing import Any

import torch
from findings import Skipped, hold
from handed import MIXED, SMALL_CAP_MB, Dictated, backward, random_gradients, wrap
from memories import Memory, Tensors, accumulated, memory_of, named_gradients
from place import Place

from rsbench.compressors import parse

POISONED, BAD_STEP = "linear", 1
"""The tensor and the 0-based step whose gradient is not finite on the last rank."""
SCALE = 1024.0


def _gradients(place: Place, step: int, value: float) -> list[torch.Tensor]:
    """Return gradients, those of one tensor not finite on the last rank in one step."""
    found = random_gradients(MIXED, 1000 * step + place.rank, place.device)
    if step == BAD_STEP and place.rank == place.workers - 1:
        found[list(MIXED).index(POISONED)].fill_(value)
    return found


def _sentence(place: Place, text: str, value: float) -> str:
    """Return what was raised; empty where inf or nan was passed on."""
    model, compressor = wrap(Dictated(MIXED, place.device), text, bucket_cap_mb=SMALL_CAP_MB)
    for step in range(BAD_STEP + 2):
        try:
            backward(model, _gradients(place, step, value))
        except Exception as error:  # the hook's sentence, which autograd may wrap
            return str(compressor.hook.failure or error)
        if step == BAD_STEP and not parse(text).keeps_residual:
            finite = named_gradients(model.module)[POISONED].isfinite().all()
            hold(not finite, "the averaged gradient is finite")
            return ""
    return ""


def refused(place: Place, text: str) -> str:
    """Every rank reads which tensor of which rank was not finite in which step; without residual it is passed on."""
    parsed = parse(text)
    if not parsed.trains:
        raise Skipped("it exchanges nothing")
    for value in (math.nan, math.inf):
        sentence = _sentence(place, text, value)
        wanted = (f"'{POISONED}'", f"rank {place.workers - 1}", f"step {BAD_STEP + 1}")
        if parsed.keeps_residual:
            hold(all(words in sentence for words in wanted), f"{value}: {sentence or 'nothing was raised'}")
        else:
            hold(not sentence, sentence)
    return "refused" if parsed.keeps_residual else "passed on"


def skipped_step(place: Place, text: str) -> str:
    """A GradScaler skips a step that overflows on one rank: weights stay, and nothing that was sent is lost."""
    parsed: Any = parse(text)
    if not parsed.trains:
        raise Skipped("it exchanges nothing")
    net = Dictated(MIXED, place.device)
    scaler = torch.amp.GradScaler(place.device.type, init_scale=SCALE, growth_interval=1000)
    model, compressor = wrap(net, text, scaler=scaler, bucket_cap_mb=SMALL_CAP_MB)
    optimizer = torch.optim.SGD(compressor.param_groups(net, lr=0.01, momentum=0.5))
    for step in range(BAD_STEP + 2):
        own = _gradients(place, step, math.inf)
        before, start = memory_of(compressor), [p.detach().clone() for p in net.parameters()]
        model.zero_grad()
        scaler.scale(model(own)).backward()
        scaler.step(optimizer)
        scaler.update()
        moved = not all(map(torch.equal, start, net.parameters()))
        hold(all(bool(p.isfinite().all()) for p in net.parameters()), f"weights of step {step + 1} are not finite")
        hold(moved == (step != BAD_STEP), f"step {step + 1} was {'' if moved else 'not '}applied")
        if step == BAD_STEP:
            hold(scaler.get_scale() == SCALE / 2, f"the scale is {scaler.get_scale():g}")
            flat = {name: g.flatten().cpu() for name, g in zip(MIXED, own, strict=True)}
            none = {name: torch.zeros_like(g) for name, g in flat.items()}
            ways = [accumulated(before, g, nesterov=compressor.looks_ahead) for g in (flat, none)]
            _nothing_lost(memory_of(compressor), [before.get("v", {}), *ways])
    return ""


def _nothing_lost(after: Memory, ways: list[Tensors]) -> None:
    """Hold that v of each tensor is what it may be.

    Args:
        after: the memory after the step that was skipped.
        ways: v as before the step (not taken in), all that was accumulated (what was sent came back), and what a
            gradient of zero leaves, which the path of devices puts in the place of a bucket that overflowed.
    """
    for name, v in after.get("v", {}).items():
        hold(bool(v.isfinite().all()), f"the residual of {name} is not finite")
        same = any(torch.allclose(v, way[name], rtol=1e-4, atol=1e-4) for way in ways)
        hold(same, f"the residual of {name} lost what the skipped step sent")


LAWS_OF_FAILURES = {"not finite: refused": refused, "not finite: GradScaler skips": skipped_step}
