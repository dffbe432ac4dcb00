"""Part d: kernel launches, copies to the host and waits of one step, counted by ``torch.profiler``."""

from __future__ import annotations

from collections import Counter

import torch
from handed import Handed, backward, gradients_drawn_on, resnet50, small, wrap
from laws import texts
from place import Place, run_part
from torch.profiler import ProfilerActivity, profile

WARMUP_STEPS = 5
KINDS = {
    "launches": ("cudaLaunchKernel", "cuLaunchKernel", "cudaGraphLaunch"),
    "waits": ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "cuStreamSynchronize"),
    "copies to the host": ("Memcpy DtoH",),
    "other copies": ("Memcpy DtoD", "Memcpy HtoD"),
    "numbers read by the host": ("aten::_local_scalar_dense", "aten::nonzero"),
}
"""What is counted -> how the names of its events begin."""


def counted(place: Place, text: str) -> tuple[Counter[str], int]:
    """Return kind -> events of one step after some that warm up, and the step's buckets."""
    shapes = resnet50() if place.on_gpu else small()
    model, compressor = wrap(Handed(shapes, place.device), text)
    gradients = gradients_drawn_on(place.device, shapes, 1)
    for _ in range(WARMUP_STEPS):
        backward(model, gradients)
    place.synchronize()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if place.on_gpu else [])]
    with profile(activities=activities, acc_events=True) as profiler:
        backward(model, gradients)
    place.synchronize()
    found: Counter[str] = Counter()
    for event in profiler.events() or []:
        found.update(kind for kind, starts in KINDS.items() if event.name.startswith(starts))
        found["operators of torch"] += event.name.startswith("aten::")
    return found, len(compressor.hook.timeline)


def _count(place: Place, text: str, none: Counter[str]) -> str:
    """Keep what was counted; ``none`` is what the first text, which is none's, took."""
    found, buckets = counted(place, text)
    if not none:
        none.update(found)
    for kind in ("operators of torch", *KINDS):
        if place.on_gpu or kind in ("operators of torch", "numbers read by the host"):
            place.findings.figure(kind, text, found[kind], "a step")
    place.findings.figure("buckets", text, buckets, "a step")
    if place.on_gpu:
        beyond = (found["launches"] - none["launches"]) / buckets
        place.findings.figure("launches beyond none", text, beyond, "a bucket")
    return ""


def count_launches(place: Place) -> None:
    """Count for every compressor; ``none`` is what DDP itself takes."""
    if place.on_gpu:
        torch.zeros(1, device=place.device).item()
    none: Counter[str] = Counter()
    for text in texts():
        place.findings.law("profiled", text, lambda text=text: _count(place, text, none))  # type: ignore[misc]


if __name__ == "__main__":
    run_part(count_launches)
