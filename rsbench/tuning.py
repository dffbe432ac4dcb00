"""Which learning rate a row trains with, when a seed of its own chooses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rsbench.schema import Record
from rsbench.spec import CellSpec

Row = tuple[str, str, str, str]


def best_rates(specs: Sequence[CellSpec], records: Iterable[Record]) -> dict[Row, float]:
    """Return row -> learning rate with the best validation OA, the lower one of equals.

    Args:
        specs: cells of the tuning seed.
        records: what is recorded, of these and other cells.

    Returns:
        Rows of which every cell has ended, and at least one (a rate that diverged is no candidate) with an accuracy.
    """
    known = {record["key"]: record for record in records}
    waiting = {spec.row for spec in specs if spec.key not in known or known[spec.key]["status"] == "interrupted"}
    best: dict[Row, tuple[float, float]] = {}
    for spec in specs:
        record = known.get(spec.key)
        if spec.row not in waiting and record is not None and record["accuracy"] is not None:
            found = (record["accuracy"]["val_oa"] or 0.0, -spec.lr)
            best[spec.row] = max(best.get(spec.row, found), found)
    return {row: -rate for row, (_, rate) in best.items()}
