"""Part c: milliseconds of compress + encode for two networks, beside a copy of the same bytes and ``torch.topk``."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import torch
from handed import Handed, Shapes, backward, gradients_drawn_on, resnet50, small, vgg19, wrap
from place import Place, run_part

DENSITIES = (0.001, 0.01)
METHODS = ("topk", "dgc", "rsdgc")
WARMUP_STEPS, TIMED_STEPS = 8, 15


def milliseconds(place: Place, work: Callable[[], object]) -> float:
    """Return the time of some work: by events on a GPU, on a CPU by the clock."""
    if not place.on_gpu:
        started = time.perf_counter()
        work()
        return 1e3 * (time.perf_counter() - started)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    work()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end))


def median_of(place: Place, work: Callable[[], object], rounds: int) -> float:
    """Return the median over some rounds, after three that are not counted."""
    times = [milliseconds(place, work) for _ in range(3 + rounds)]
    return statistics.median(times[3:])


def floors(place: Place, model: str, shapes: Shapes, rounds: int) -> float:
    """Time what no compressor can do without, a walk over the bytes and a choice of elements; return the walk's ms."""
    gradients = gradients_drawn_on(place.device, shapes, 0)
    whole = torch.cat([g.flatten() for g in gradients])
    copy = torch.empty_like(whole)
    copy_ms = median_of(place, lambda: copy.copy_(whole), rounds)
    place.findings.figure("copy_ of the gradients", model, copy_ms, "ms")
    for density in DENSITIES:
        large = [g.flatten().abs() for g in gradients if g.dim() > 1]
        counts = [max(1, math.ceil(density * g.numel())) for g in large]
        took = median_of(
            place, lambda large=large, counts=counts: list(map(torch.topk, large, counts)), max(3, rounds // 3)
        )
        place.findings.figure("torch.topk of the same elements", f"{model}, {density}", took, "ms")
    return copy_ms


def method(place: Place, model: str, shapes: Shapes, text: str, rounds: int, copy_ms: float) -> None:
    """Time the hook's own marks, and the whole backward pass, which hands gradients over and exchanges them."""
    ddp, compressor = wrap(Handed(shapes, place.device), text)
    sets = [gradients_drawn_on(place.device, shapes, seed) for seed in (1, 2)]
    marks: dict[str, list[float]] = {"compress + encode": [], "decode": [], "backward + exchange": []}
    for step in range(WARMUP_STEPS + rounds):
        took = milliseconds(place, lambda step=step: backward(ddp, sets[step % 2]))
        place.synchronize()
        if step < WARMUP_STEPS:
            continue
        clock, timeline = compressor.hook.clock, compressor.hook.timeline
        marks["backward + exchange"].append(took)
        marks["compress + encode"].append(1e3 * sum(clock.seconds(t.start, t.sent) for t in timeline))
        marks["decode"].append(1e3 * sum(clock.seconds(t.arrived, t.decoded) for t in timeline))
    for name, samples in marks.items():
        place.findings.figure(name, f"{model}, {text}", statistics.median(samples), "ms")
    compress_ms = statistics.median(marks["compress + encode"])
    place.findings.figure("compress + encode", f"{model}, {text}", compress_ms / copy_ms, "of copy_")


def time_methods(place: Place) -> None:
    """Time floors and methods, the smaller network first."""
    networks = {"ResNet-50": resnet50(), "VGG-19": vgg19()} if place.on_gpu else {"a small network": small()}
    rounds = TIMED_STEPS if place.on_gpu else 5
    for model, shapes in networks.items():
        copy_ms = floors(place, model, shapes, rounds)
        texts = [f"{name}:density={density}" for density in DENSITIES for name in METHODS]
        eager = [f"{text},kernels=eager" for text in texts]
        for text in ("none", *texts, *(eager if place.on_gpu else ())):
            method(place, model, shapes, text, rounds, copy_ms)


if __name__ == "__main__":
    run_part(time_methods)
