"""How far tries came that ended without numbers, so that the next one can say what went on and was done again."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Final

from rsbench.atomic import write_atomically
from rsbench.results.folder import CellFolder

_TAIL_BYTES: Final = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What is known of the tries at a cell, whichever checkpoint the next one goes on from.

    Attributes:
        step: that the tries have reached since one went on.
        resumed_from_step: where they went on, in their order.
        steps_redone: that they had lost by then.
    """

    step: int = 0
    resumed_from_step: tuple[int, ...] = ()
    steps_redone: int = 0

    def resumed(self, step: int) -> Tally:
        """Return the tally once a try goes on from a step."""
        redone = self.steps_redone + max(0, self.step - step)
        return Tally(step=step, resumed_from_step=(*self.resumed_from_step, step), steps_redone=redone)


def note_reached(cell: CellFolder, attempt: CellFolder) -> None:
    """Note in the checkpoints of a cell how many steps a try has done; nothing where there are none."""
    if cell.checkpoints.is_dir() and not cell.checkpoints.is_symlink():
        tally = read_tally(cell.checkpoints)
        write_tally(cell.checkpoints, replace(tally, step=max(tally.step, _last_step(attempt.samples))))


def read_tally(checkpoints: Path) -> Tally:
    """Return what is known, nothing where the file is missing or damaged."""
    try:
        with _file(checkpoints).open("rb") as stream:
            content = json.loads(stream.read(_TAIL_BYTES))
        step, steps, redone = (content[field.name] for field in fields(Tally))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Tally()
    if not isinstance(steps, list) or any(type(one) is not int or one < 0 for one in (step, redone, *steps)):
        return Tally()
    return Tally(step=step, resumed_from_step=tuple(steps), steps_redone=redone)


def write_tally(checkpoints: Path, tally: Tally) -> None:
    """Write what is known, where there are checkpoints; a full disk is no reason not to train."""
    with suppress(OSError):
        if checkpoints.is_dir():
            write_atomically(_file(checkpoints), json.dumps(asdict(tally)) + "\n")


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
