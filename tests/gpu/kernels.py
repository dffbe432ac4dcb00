"""Part b: the eager reference against what ``kernels=auto`` takes on this device, through the public options alone."""

from __future__ import annotations

import torch
from findings import hold
from handed import Dictated, Shapes, backward, random_gradients, wrap
from memories import memory_of, named_gradients
from place import Place, run_part

from rsbench.compressors import parse

LARGE: Shapes = {
    "conv": (512, 256, 3, 3), "point": (512, 256, 1, 1), "first": (64, 3, 7, 7), "linear": (1000, 2048),
    "ragged": (997, 1013), "bias": (1000,), "one": (1, 1), "cube": (32, 7, 11),
}  # fmt: skip
SMALL: Shapes = {"conv": (64, 32, 3, 3), "linear": (100, 310), "ragged": (97, 101), "bias": (100,), "one": (1, 1)}
TEXTS = (
    "topk:density=0.001",
    "topk:density=0.01",
    "topk:density=0.1",
    "topk:density=0.01,one_d=select",
    "topk:density=0.01,values=fp16",
    "dgc:density=0.001",
    "dgc:density=0.01",
    "dgc:density=0.01,nesterov=true",
    "dgc:density=0.01,momentum_masking=false",
    "dgc:density=0.01,clip_norm=1",
    "rsdgc:density=0.001",
    "rsdgc:density=0.01",
    "rsdgc:density=0.01,policy=uniform,neighborhood=tile,p=4",
    "rsdgc:density=0.01,policy=uniform,stat=var,norm=none",
    "rsdgc:density=0.01,score=magnitude",
    "blocktopk:density=0.01",
    "blocktopk:density=0.01,score=l2",
)
STEPS = 5
NEAR_TIES = 1e-3
"""Share of the sent elements that may be others: scores that agree to rounding may change places."""


def _others(eager: torch.Tensor, auto: torch.Tensor) -> int:
    return int(((eager != 0) != (auto != 0)).sum())


def eager_and_auto(place: Place, text: str, shapes: Shapes) -> str:
    """Exchange the same gradients by both; what is sent and what is kept agree, apart from near ties."""
    runs = [wrap(Dictated(shapes, place.device), f"{text},kernels={kind}") for kind in ("eager", "auto")]
    sent, swapped, error = 0, 0, 0.0
    rounding = 2e-3 if "fp16" in text else 1e-6
    for step in range(STEPS):
        gradients = random_gradients(shapes, 100 * step + place.rank, place.device)
        for model, _ in runs:
            backward(model, gradients)
        eager, auto = (named_gradients(model.module) for model, _ in runs)
        kept = [memory_of(compressor) for _, compressor in runs]
        for name, one in eager.items():
            sent += int((one != 0).sum())
            swapped += _others(one, auto[name])
            error = max(error, _error(one, auto[name]))
        for kind, tensors in kept[0].items():
            for name, one in tensors.items():
                error = max(error, _error(one, kept[1][kind][name]))
        if swapped:
            break  # from here on the two remember other things
    hold(swapped <= max(1, NEAR_TIES * sent), f"{swapped} of {sent} sent elements are others")
    hold(error <= rounding, f"values differ by {error:.2g} of their size")
    return f"auto is {runs[1][1].hook.kernels}; {swapped} of {sent} elements others; values differ by {error:.0e}"


def _error(eager: torch.Tensor, auto: torch.Tensor) -> float:
    """Return the largest difference where both are set, relative to the largest value."""
    both = (eager != 0) & (auto != 0)
    largest = float(eager.abs().max()) if eager.numel() else 0.0
    return float((eager - auto)[both].abs().max()) / largest if bool(both.any()) else 0.0


def compare_kernels(place: Place) -> None:
    """Compare both for every text."""
    shapes = LARGE if place.on_gpu else SMALL
    for text in TEXTS:
        parse(f"{text},kernels=eager")
        place.findings.law("eager = auto", text, lambda text=text: eager_and_auto(place, text, shapes))  # type: ignore[misc]


if __name__ == "__main__":
    run_part(compare_kernels)
