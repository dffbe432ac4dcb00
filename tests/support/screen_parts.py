"""A cell and its samples for tests of what a run prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from rsbench.cell import CellSpec

SPEC: Final = CellSpec(
    dataset="ucm21",
    dataset_fingerprint="0123456789ab",
    model="smallvgg",
    compressor="rsdgc",
    ratio=100,
    lr=0.05,
    seed=0,
    workers=2,
    device="cpu",
    epochs=3,
    batch_size=32,
    image_size=64,
    split="official",
)
STEP: Final = {
    **{"kind": "step", "step": 9, "epoch": 1, "loss": 1.5, "payload_bytes": 45300, "images": 64},
    "step_time_s": 0.5,
}
"""One sample of a step that took half a second."""


def append(path: Path, *samples: object) -> None:
    """Add samples to a file, as rank 0 does."""
    with path.open("a") as stream:
        stream.writelines(json.dumps(sample) + "\n" for sample in samples)
