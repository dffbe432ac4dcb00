"""How far a ratio that planning promises is from what is asked: small networks, and a ceiling of the densities.

    python tests/programs/fail_ratio.py

What real runs send stands in asked_and_sent.py; this one only plans, in a second.
"""

from __future__ import annotations

from rsbench import compressors
from rsbench.errors import RsbenchError
from rsbench.planning import byte_matching, probe

STEPS = 500
FUSION = ("pixels", "fusion-cnn", {"classes": 15, "hsi_bands": 144, "aux_channels": 1}, 11)
SMALLVGG = ("scenes", "smallvgg", {"classes": 21}, 64)
CASES = (
    (FUSION, "topk", 100),
    (FUSION, "topk", 500),
    (FUSION, "dgc", 500),
    (FUSION, "rsdgc:update_steps=50", 100),
    (FUSION, "rsdgc:update_steps=50", 500),
    (SMALLVGG, "rsdgc:update_steps=50,ceiling=0.2", 10),
    (SMALLVGG, "rsdgc:update_steps=50,ceiling=0.01", 200),
    (SMALLVGG, "rsdgc:update_steps=50,ceiling=0.01", 10),
)


def planned(text: str, model: probe.ModelFacts, ratio: float) -> float:
    """The ratio that planning promises."""
    compressor = byte_matching.match_bytes(
        compressors.parse(text), model, ratio=ratio, match="payload", workers=2, steps=STEPS
    )
    return byte_matching.estimate(compressor, model, workers=2, steps=STEPS, batch_size=8).compression_ratio


for question, text, ratio in CASES:
    facts = probe.model_facts(*question)
    try:
        found = planned(text, facts, ratio)
    except RsbenchError as refusal:
        print(f"{facts.name} {text} asked {ratio}x refused: {refusal}")
    else:
        print(f"{facts.name} {text} asked {ratio}x planned {found:.1f}x ({100 * (found / ratio - 1):+.2f} %)")
