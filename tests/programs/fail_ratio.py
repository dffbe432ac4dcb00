"""How far a ratio that planning promises is from what a run sends: small networks, and a ceiling of the densities.

    python tests/programs/fail_ratio.py

Small networks miss by the granularity of one density for all layers, and planning does not know ``ceiling``.
"""

from __future__ import annotations

from rsbench import compressors
from rsbench.compressors.density import allocation
from rsbench.planning import byte_matching, probe

STEPS = 500
GRANULAR = (
    ("topk", 100),
    ("topk", 500),
    ("rsdgc:update_steps=50", 100),
    ("rsdgc:update_steps=50", 500),
)
CAPPED = "rsdgc:update_steps=50,ceiling=0.01"


def matched(text: str, model: probe.ModelFacts, ratio: float) -> tuple[compressors.Compressor, float, float]:
    """A compressor at the ratio, the ratio that planning promises, and its payload bytes a step."""
    compressor = byte_matching.match_bytes(
        compressors.parse(text), model, ratio=ratio, match="payload", workers=2, steps=STEPS
    )
    estimate = byte_matching.estimate(compressor, model, workers=2, steps=STEPS, batch_size=8)
    return compressor, estimate.compression_ratio, estimate.payload_bytes_per_step


model = probe.model_facts("pixels", "fusion-cnn", {"classes": 15, "hsi_bands": 144, "aux_channels": 1}, 11)
for text, ratio in GRANULAR:
    _, planned, sent = matched(text, model, ratio)
    asked = model.dense_bytes / ratio
    print(
        f"fusion-cnn {text} asked {ratio}x planned {planned:.1f}x ({100 * (planned / ratio - 1):+.1f} %),"
        f" {asked - sent:.0f} of {asked:.0f} bytes a step left unused"
    )

model = probe.model_facts("scenes", "smallvgg", {"classes": 21}, 64)
compressor, planned, _ = matched(CAPPED, model, 10)
layouts = [compressor.layout(shape) for shape in model.shapes.values()]
counts = []
for layout, count in zip(layouts, allocation.uniform_counts(layouts, compressor.density), strict=True):
    least = allocation.share_of(compressor.floor * compressor.density, layout.blocks)
    most = allocation.share_of(compressor.ceiling, layout.blocks)
    counts.append(min(count, max(least, most)) if layout.compressed else count)
capped = model.dense_bytes / allocation.message_bytes(layouts, counts)
print(
    f"smallvgg {CAPPED} asked 10x planned {planned:.2f}x, with every layer at its ceiling {capped:.1f}x"
    " (a real run gave 91.3x)"
)
