"""A study of eight methods at three ratios over three seeds. All numbers are made up; they follow no measurement."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from exchange_records import with_exchange
from rich_records import with_confusion, with_history

Maker = Callable[..., dict[str, Any]]

RATIOS = (20.0, 100.0, 1000.0)
LOSSES = {
    "topk": (0.012, 0.055, 0.21),
    "randomk": (0.03, 0.12, 0.34),
    "dgc": (0.001, 0.009, 0.05),
    "rsdgc": (-0.004, 0.003, 0.028),
    "gcc": (0.002, 0.014, 0.07),
    "ok-topk": (0.009, 0.04, 0.17),
    "redsync": (0.006, 0.035, 0.15),
    "threshold": (0.011, 0.05, 0.19),
}
"""What the made-up methods lose in accuracy, by ratio."""
COMPRESS_MS = {"topk": 9.0, "randomk": 2.0, "dgc": 11.0, "rsdgc": 8.0, "gcc": 14.0, "ok-topk": 7.0, "redsync": 5.0}
CLASSES = ["meadow", "forest", "harbour", "runway"]


def study_records(make_record: Maker) -> list[dict[str, Any]]:
    """Return finished records of none and of eight methods at three ratios, over three seeds."""
    rows = [
        ("none", None, 0.0),
        *((name, ratio, loss) for name, losses in LOSSES.items() for ratio, loss in _pairs(losses)),
    ]
    records = []
    for seed in (0, 1, 2):
        for number, (name, ratio, loss) in enumerate(rows):
            record = make_record(
                compressor=name,
                ratio=ratio,
                seed=seed,
                oa=0.93 - loss + 0.004 * math.sin(2 * seed) + 0.0012 * math.sin(5 * number + 2 * seed),
                split_ms={"wait_s": 8.0, "compress_s": COMPRESS_MS.get(name, 6.0) if ratio else 0.0},
                provenance={
                    "argv": [
                        "rsbench",
                        "compare",
                        "--seeds",
                        "0,1,2",
                        "--ratio",
                        "20,100,1000",
                        "--compressor",
                        ",".join(["none", *LOSSES]),
                    ]
                },
            )
            records.append(with_confusion(with_history(with_exchange(record), epochs=12), CLASSES))
    return records


def _pairs(losses: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return each ratio with its loss."""
    return list(zip(RATIOS, losses, strict=True))
