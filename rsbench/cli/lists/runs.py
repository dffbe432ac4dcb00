"""The list of recorded and unfinished cells."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsbench.cell import CellSpec
from rsbench.checkpoints.shelf import Shelf
from rsbench.cli.lists.table import Asked, Listing, Row
from rsbench.errors import RsbenchError
from rsbench.metrics import score_text
from rsbench.results.folder import CellFolder
from rsbench.results.records import Run, list_runs
from rsbench.units import DASH, duration_text


def runs(asked: Asked) -> Listing:
    """Return the cells of some result folders: what is done, failed or unfinished, and who runs it.

    Raises:
        RsbenchError: when a folder does not exist.
    """
    folders = tuple(map(Path, asked.names)) or (asked.out,)
    found = [_Cell.of(run) for folder in folders for run in list_runs([folder])]
    common = _common([cell.words for cell in found if cell.words])
    done = sum(cell.run.status == "done" for cell in found)
    places = ", ".join(map(str, folders))
    about = "The same in all of them" if len(found) > 1 else "Of"
    same = (f"{about}: {' '.join(common)}.",) if common else ()
    hint = f"Tables and a page of them: {_report_command(asked.names or (str(asked.out),))}."
    return Listing(
        what="runs",
        columns=("Cell", "Status", "Test", "Last run", "Started (UTC)"),
        rows=tuple(_row(cell, common) for cell in found),
        results=(*same, f"{done} of {len(found)} cells in {places} are done."),
        hints=(hint,) if done and not asked.verbose else (),
    )


def _report_command(folders: Sequence[str]) -> str:
    """Return the command that reports on some folders."""
    named = [] if tuple(folders) == ("rsbench-results",) else map(shlex.quote, folders)
    return " ".join(["rsbench report", *named])


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A run with what its files say beside its record.

    Attributes:
        run: as the result folder has it.
        words: its label, in pieces that cells may share; empty where its files do not say what it is.
        saved_step: of the newest checkpoint that all its ranks have, None where there is none.
    """

    run: Run
    words: tuple[str, ...]
    saved_step: int | None

    @classmethod
    def of(cls, run: Run) -> _Cell:
        asked = run.record["cell"] if run.record else _asked_of(run.folder)
        return cls(run=run, words=_words(asked), saved_step=_saved_step(run, asked))


def _row(cell: _Cell, common: Sequence[str]) -> Row:
    """Return the row of a cell; words that all cells share are left out of its label."""
    run, record = cell.run, cell.run.record
    label = " ".join(word for word in cell.words if word not in common) or run.folder.name
    claim = run.claim
    holder = [] if claim is None else [f"{claim.holder}; last sign of it: {claim.last_sign_utc}"]
    saved = [] if cell.saved_step is None else [f"goes on from step {cell.saved_step:,}"]
    wall_s = None if record is None else record["wall_s"]
    score = score_text(record).removeprefix("test ") if record else ""
    return Row(
        name=label,
        texts=(
            label,
            run.status,
            score or DASH,
            DASH if wall_s is None else duration_text(wall_s),
            run.started_utc[:16].replace("T", " ") or DASH,
        ),
        facts={
            "label": " ".join(cell.words) or run.folder.name,
            "status": run.status,
            "reason": run.reason,
            "started_utc": run.started_utc or None,
            "wall_s": wall_s,
            "test": _scores(record),
            "saved_step": cell.saved_step,
            "holder": None if claim is None else claim.holder,
            "last_sign_utc": None if claim is None else claim.last_sign_utc,
            "folder": run.folder.absolute(),
            "cell": record["cell"] if record else None,
        },
        remarks=(*holder, *saved),
        details=(*([run.reason] if run.reason else []), str(run.folder)),
    )


def _scores(record: Mapping[str, Any] | None) -> dict[str, float] | None:
    """Return the single numbers of a cell's test, as fractions; None without a test."""
    test = ((record or {}).get("accuracy") or {}).get("test")
    return None if test is None else {name: value for name, value in test.items() if isinstance(value, int | float)}


def _words(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a cell's label in pieces, none where a cell cannot be like that."""
    try:
        spec = CellSpec.from_dict(cell)
    except (RsbenchError, TypeError, AttributeError):
        return ()
    ratio = "" if spec.ratio is None else f" {spec.ratio:g}x"
    count = "1 worker" if spec.workers == 1 else f"{spec.workers} workers"
    pieces = (
        " ".join(filter(None, [f"{spec.compressor}{ratio}", spec.sync, spec.prune])),
        spec.dataset,
        spec.model,
        f"lr={spec.lr:g}",
        f"seed={spec.seed}",
        count,
        spec.partition,
        spec.link,
    )
    return tuple(piece for piece in pieces if piece)


def _common(labels: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the words that all labels have, but for the method, which every label begins with."""
    if not labels:
        return ()
    shared = set.intersection(*(set(words[1:]) for words in labels))
    return tuple(word for word in labels[0] if word in shared)


def _asked_of(folder: Path) -> dict[str, Any]:
    """Return the cell that a folder without a record was made for, empty where its files do not say."""
    try:
        cell = CellFolder(folder)
        job = cell.job if cell.job.is_file() else next(cell.attempts()).job
        asked = json.loads(job.read_bytes())["cell"]
    except (OSError, ValueError, KeyError, TypeError, StopIteration, RecursionError):
        return {}
    return asked if isinstance(asked, dict) else {}


def _saved_step(run: Run, cell: Mapping[str, Any]) -> int | None:
    """Return the step of the newest checkpoint of a cell that all its ranks have here; None where that is not known."""
    if run.status == "done":
        return None
    try:
        return Shelf(CellFolder(run.folder).checkpoints).newest(ranks=int(cell["workers"]))
    except (RsbenchError, OSError, ValueError, KeyError, TypeError):
        return None
