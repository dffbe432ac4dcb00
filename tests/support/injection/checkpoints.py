"""Which checkpoints of a cell are whole, told without asking the product."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from injection.cells import Site


def newest_whole(site: Site, workers: int) -> int | None:
    """Return the step of the newest checkpoint of which every rank's file is whole, None where there is none."""
    steps = [
        int(path.name.removeprefix("step-"))
        for path in site.found("cells/*/checkpoints/step-*")
        if all(_is_whole(path, rank) for rank in range(workers))
    ]
    return max(steps, default=None)


def _is_whole(checkpoint: Path, rank: int) -> bool:
    try:
        facts = json.loads((checkpoint / f"rank{rank}.json").read_text())
        content = (checkpoint / f"rank{rank}.pt").read_bytes()
    except (OSError, ValueError):
        return False
    return bool(facts["sha256"] == hashlib.sha256(content).hexdigest())
