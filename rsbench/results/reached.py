"""How far a try came that ended without numbers, so that the next one can say how many steps it does again."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from rsbench.atomic import write_atomically
from rsbench.results.folder import CellFolder

_TAIL_BYTES: Final = 1 << 16


def note_reached(cell: CellFolder, attempt: CellFolder) -> None:
    """Note in the checkpoints of a cell how many steps a try has done; nothing where there are none."""
    with suppress(OSError):
        if cell.checkpoints.is_dir() and not cell.checkpoints.is_symlink():
            write_atomically(_file(cell.checkpoints), json.dumps({"step": _last_step(attempt.samples)}) + "\n")


def reached(checkpoints: Path) -> int:
    """Return how many steps the last try had done, 0 where that is not known."""
    try:
        with _file(checkpoints).open("rb") as stream:
            step = json.loads(stream.read(1 << 10))["step"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0
    return step if type(step) is int and step >= 0 else 0


def _file(checkpoints: Path) -> Path:
    return checkpoints / "reached.json"


def _last_step(samples: Path) -> int:
    """Return the steps that stand in a file of samples, whose last line may be torn."""
    try:
        with samples.open("rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL_BYTES))
            lines = stream.read().splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            sample = json.loads(line)
            if sample["kind"] == "step":
                return int(sample["step"]) + 1
    return 0
