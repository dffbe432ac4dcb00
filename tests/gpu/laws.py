"""Part a: the laws of every compressor on this device. Each is one function of a place and a compressor's text."""

from __future__ import annotations

import io
import math
from typing import Any

import torch
import torch.distributed as dist
from failures import LAWS_OF_FAILURES
from findings import Skipped, hold
from handed import MIXED, SMALL_CAP_MB, Dictated, backward, random_gradients, wrap
from local_steps import rounds_of_one_step
from memories import accumulated, distance, memory_of, named_gradients, summed
from place import Place, run_part

from rsbench.compressors import COMPRESSORS, parse
from rsbench.measure.gather import gather_json

DENSITY = 0.05
STEPS = 4
VARIANTS = (
    "topk:density=0.05,kernels=eager,one_d=select",
    "dgc:density=0.05,nesterov=true",
    "dgc:density=0.05,values=fp16",
    "rsdgc:density=0.05,values=int8",
    "rsdgc:density=0.05,neighborhood=tile,policy=uniform",
    "gcc:residual=true",
    "gcc:exchange=all_gather,residual=true",
)
ROUNDING = 1e-6
LOSSY = {"powersgd": 1e-4, "signsgd": 1e-5, "gcc": 1e-5, "fp16": 2e-3}
"""Relative error allowed where products or 16 bits round; others only add and copy."""
LOSSY_VALUES = {"values=fp16": 2e-3, "values=int8": 2e-2}
"""The same where values are rounded; a level of int8 is 1/127, and one on the edge may fall either way."""
OWN_DRAWS = ("randomk",)
"""Their draws come from the device's own generator; those of qsgd are a hash, the same on every device."""


def texts() -> list[str]:
    """Return every listed compressor, those that select at a density, and some variants."""
    plain = [f"{name}:density={DENSITY}" if cls.setting == "density" else name for name, cls in COMPRESSORS.items()]
    return [*plain, *VARIANTS]


def allowed(text: str) -> float:
    """Return the relative error that a compressor may have."""
    rounded = [error for option, error in LOSSY_VALUES.items() if option in text]
    return rounded[0] if rounded else LOSSY.get(parse(text).name, ROUNDING)


def gradients_of(place: Place, step: int, device: torch.device | None = None) -> list[torch.Tensor]:
    """Return this rank's gradients of a step."""
    return random_gradients(MIXED, 1000 * step + place.rank, place.device if device is None else device)


def named(gradients: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return flat copies on the CPU, by name."""
    return {name: g.flatten().cpu() for name, g in zip(MIXED, gradients, strict=True)}


def conservation(place: Place, text: str) -> str:
    """Residual + sent = accumulated, summed over the ranks; what is not remembered is averaged whole."""
    parsed: Any = parse(text)
    if not parsed.keeps_residual and parsed.name not in ("none", "fp16", "noop"):
        raise Skipped("it keeps no residual, so what it leaves out is lost")
    model, compressor = wrap(Dictated(MIXED, place.device), text, bucket_cap_mb=SMALL_CAP_MB)
    worst = 0.0
    for step in range(STEPS):
        own = gradients_of(place, step)
        before = memory_of(compressor)
        backward(model, own)
        after, got = memory_of(compressor).get("v", {}), named_gradients(model.module)
        taken = accumulated(before, named(own), nesterov=compressor.looks_ahead)
        owed = summed({**named(own), **taken}, place.workers)
        left = summed(after, place.workers)
        share = place.workers if parsed.name != "noop" else 1
        owed = named(own) if parsed.name == "noop" else owed
        accounted = {n: left.get(n, torch.zeros(())) + share * got[n].double() for n in owed}
        worst = max(worst, distance(accounted, owed))
    hold(worst <= allowed(text), f"relative error {worst:.2g} against {allowed(text):.0e}")
    return f"relative error {worst:.1g}"


def exact_selection(place: Place, text: str) -> str:
    """What a rank sends of a tensor are the k largest magnitudes of what it accumulated, as torch.topk finds them."""
    parsed: Any = parse(text)
    if parsed.name not in ("topk", "dgc") or getattr(parsed, "values", "") != "fp32":
        raise Skipped("it does not send the largest magnitudes as they are")
    model, compressor = wrap(Dictated(MIXED, place.device), text, bucket_cap_mb=SMALL_CAP_MB)
    elements = 0
    for step in range(STEPS):
        own = gradients_of(place, step)
        before = memory_of(compressor)
        backward(model, own)
        after = memory_of(compressor)["v"]
        for name, whole in accumulated(before, named(own), nesterov=compressor.looks_ahead).items():
            k = max(1, math.ceil(DENSITY * whole.numel() - 1e-9))
            chosen = whole[after[name] == 0].abs().sort(descending=True).values
            best = torch.topk(whole.abs(), k).values
            hold(chosen.numel() == k, f"{name} in step {step + 1}: {chosen.numel()} of {k} elements sent")
            hold(torch.allclose(chosen, best, rtol=ROUNDING), f"{name} in step {step + 1}: others than torch.topk's")
            elements += k
    return f"{elements} elements"


def equal_ranks(place: Place, text: str) -> str:
    """All ranks hold the same bits after the exchange."""
    if place.workers == 1:
        raise Skipped("one rank")
    if not parse(text).trains:
        raise Skipped("it exchanges nothing")
    model, _ = wrap(Dictated(MIXED, place.device), text, bucket_cap_mb=SMALL_CAP_MB)
    for step in range(STEPS):
        backward(model, gradients_of(place, step))
        bits = torch.cat(list(named_gradients(model.module).values())).view(torch.int32).long()
        place_of_bits = torch.arange(bits.numel()) % 8191 + 1
        digests = gather_json([int(bits.sum()), int((bits * place_of_bits).sum())])
        hold(all(d == digests[0] for d in digests), f"other bits in step {step + 1}")
    return ""


def equal_to_cpu(place: Place, text: str) -> str:
    """The same gradients give the same averages and the same memory as on the CPU, to rounding."""
    if not place.on_gpu:
        raise Skipped("this is the CPU")
    if parse(text).name in OWN_DRAWS:
        raise Skipped("its draws come from the device's own generator")
    group = dist.new_group(backend="gloo")
    here, compressor = wrap(Dictated(MIXED, place.device), text)
    there, reference = wrap(Dictated(MIXED, torch.device("cpu")), text, process_group=group)
    worst = 0.0
    for step in range(STEPS):
        backward(here, gradients_of(place, step))
        backward(there, gradients_of(place, step, torch.device("cpu")))
        worst = max(worst, distance(named_gradients(here.module), named_gradients(there.module)))
        for kind, tensors in memory_of(reference).items():
            worst = max(worst, distance(memory_of(compressor)[kind], tensors))
    limit = max(1e-5, allowed(text))
    hold(worst <= limit, f"relative distance {worst:.2g} against {limit:.0e}")
    return f"relative distance {worst:.1g}"


def planned_bytes(place: Place, text: str) -> str:
    """The bytes that are counted are those that were planned from shapes."""
    model, compressor = wrap(Dictated(MIXED, place.device), text)
    for step in range(STEPS):
        backward(model, gradients_of(place, step))
    planned = compressor.payload_bytes(MIXED, STEPS - 1)
    counted = compressor.step_stats()["payload_bytes"]
    slack = 40 if "rsdgc" in text else 0  # a dynamic policy fills its budget to within a block
    hold(planned - slack <= counted <= planned, f"{counted} bytes counted, {planned} planned")
    return f"{counted} bytes"


def saved_state(place: Place, text: str) -> str:
    """A run that is saved, loaded into a fresh compressor and continued is the uninterrupted one."""
    model, compressor = wrap(Dictated(MIXED, place.device), text)
    for step in range(STEPS):
        backward(model, gradients_of(place, step))
    file = io.BytesIO()
    torch.save(compressor.state_dict(), file)
    file.seek(0)
    resumed, fresh = wrap(Dictated(MIXED, place.device), text)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    worst = 0.0
    for step in range(STEPS, STEPS + 2):
        for ddp in (model, resumed):
            backward(ddp, gradients_of(place, step))
        worst = max(worst, distance(named_gradients(resumed.module), named_gradients(model.module)))
    hold(worst <= ROUNDING, f"relative distance {worst:.2g} after loading")
    return "bit for bit" if worst == 0 else f"relative distance {worst:.1g}"


LAWS = {
    "residual + sent = accumulated": conservation,
    "exact selection (torch.topk)": exact_selection,
    "ranks bit-equal": equal_ranks,
    "equal to the CPU": equal_to_cpu,
    "counted = planned bytes": planned_bytes,
    "state saved and loaded": saved_state,
    "rounds of one step = steps": rounds_of_one_step,
    **LAWS_OF_FAILURES,
}


def check_laws(place: Place) -> None:
    """Check every law of every compressor."""
    for text in texts():
        for name, law in LAWS.items():
            place.findings.law(name, text, lambda law=law, text=text: law(place, text))  # type: ignore[misc]


if __name__ == "__main__":
    run_part(check_laws)
