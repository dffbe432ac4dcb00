"""The first words of a comparison: what runs, what is done already, and what its cells are called."""

from __future__ import annotations

from pathlib import Path

from rsbench.cell import EARLIER_RULES, KEY_VERSION, key_version_of
from rsbench.results import records
from rsbench.run.queue import CellQueue
from rsbench.run.screen.labels import Labels
from rsbench.run.screen.screen import Screen


def introduce(queue: CellQueue, out: Path, screen: Screen) -> Labels:
    """Say what runs, and what all cells have in common; return their names, which leave that out.

    Args:
        queue: the cells.
        out: result folder.
        screen: where to print.
    """
    todo = queue.left()
    labels = Labels.of([*queue.specs, *(job.spec for job in todo)])
    if queue.done:
        rest = f"; {len(todo)} to run." if todo else "."
        screen.note(f"{queue.done} of {len(todo) + queue.done} cells are already done{rest}")
    if todo:
        screen.note(f"{queue.most}: {labels.common}")
    for line in earlier_lines(out):
        screen.note(line)
    return labels


def earlier_lines(out: Path) -> list[str]:
    """Return why cells run again, where a result folder holds done cells of earlier rules."""
    if not out.is_dir():
        return []
    recorded, _ = records.read_records([out])
    earlier = sum(record["status"] == "done" and key_version_of(record) < KEY_VERSION for record in recorded)
    if not earlier:
        return []
    were = "cell here was" if earlier == 1 else "cells here were"
    return [
        f"{earlier} {were} made by {EARLIER_RULES}. This version's cells run beside them; the report keeps the two in"
        " tables of their own."
    ]
