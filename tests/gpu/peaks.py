"""Part f: peak GPU memory of every compressor beyond that of ``none``, against the bound where it keeps a residual."""

from __future__ import annotations

import gc

import torch
from handed import Handed, backward, gradients_drawn_on, vgg19, wrap
from laws import texts
from place import Place, run_part

from rsbench.compressors import parse

STEPS = 4
BOUNDED = ("topk", "dgc", "rsdgc", "blocktopk", "randomk")
"""The compressors of which the bound is a goal."""


def peak_bytes(place: Place, text: str) -> tuple[int, int, int]:
    """Return the most that some steps held beyond what stood before, the payload, and the kinds of memory (u, v)."""
    gc.collect()
    torch.cuda.empty_cache()
    shapes, before = vgg19(), torch.cuda.memory_allocated()
    model, compressor = wrap(Handed(shapes, place.device), text)
    gradients = gradients_drawn_on(place.device, shapes, 1)
    place.synchronize()
    torch.cuda.reset_peak_memory_stats()
    for _ in range(STEPS):
        backward(model, gradients)
    place.synchronize()
    peak, payload = torch.cuda.max_memory_allocated() - before, compressor.step_stats()["payload_bytes"]
    kinds = 0 if not parse(text).keeps_residual else 2 if text.startswith(("dgc", "rsdgc")) else 1
    return peak, int(payload), kinds


def measure_peaks(place: Place) -> None:
    """Measure every compressor on VGG-19's shapes; the bound is u + v + 15 % + W + 1 messages."""
    dense_bytes = 4 * sum(torch.Size(shape).numel() for shape in vgg19().values())
    least, _, _ = peak_bytes(place, "none")
    place.findings.figure("peak", "none", least / 2**20, "MiB")
    for text in texts()[1:]:

        def measure(text: str = text) -> str:
            peak, payload, kinds = peak_bytes(place, text)
            bound = (kinds + 0.15) * dense_bytes + (place.workers + 1) * payload
            place.findings.figure("peak beyond none", text, (peak - least) / 2**20, "MiB")
            place.findings.figure("bound", text, bound / 2**20, "MiB")
            if text.startswith(BOUNDED):
                within = "within" if peak - least <= bound else "OVER"
                return f"{within} the bound: {(peak - least) / bound:.2f} of it"
            return ""

        place.findings.law("measured", text, measure)


if __name__ == "__main__":
    run_part(measure_peaks)
