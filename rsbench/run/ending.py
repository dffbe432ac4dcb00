"""How a cell ended, and what that leaves in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from rsbench.checkpoints.shelf import Shelf
from rsbench.errors import RsbenchError
from rsbench.launch.failure import Cause, failure_lines
from rsbench.launch.launcher import Outcome
from rsbench.metrics import score_text
from rsbench.planning.job import Job, failed_record
from rsbench.results import attempts, records
from rsbench.results.folder import CellFolder, folder_error
from rsbench.results.ledger import Ledger
from rsbench.results.reached import note_reached
from rsbench.results.schema import Record
from rsbench.units import duration_text

WORDS: Final = {"timeout": "TIMED OUT", "interrupted": "STOPPED"}
"""How a cell that is not done is announced; all else is FAILED."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a cell ended for this process.

    Attributes:
        status: ``elsewhere`` where another process has run the cell.
        line: what the user reads.
        cause: why it is not done, None when it is.
    """

    status: Literal["done", "elsewhere", "failed"]
    line: str
    cause: Cause | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> Ending:
        """Return the ending that the workers had, where another node keeps the record."""
        if outcome.cause is None:
            return cls(status="done", line=f"done in {duration_text(outcome.wall_s)}")
        return cls.failure(outcome.cause, WORDS.get(outcome.status, "FAILED"))

    @classmethod
    def failure(cls, cause: Cause, word: str = "FAILED") -> Ending:
        """Return the ending of a cell that is not done."""
        return cls(status="failed", line="\n".join(failure_lines(cause, word)), cause=cause)

    @classmethod
    def elsewhere(cls, record: Record) -> Ending:
        """Return the ending of a cell whose numbers another process has recorded."""
        return cls(status="elsewhere", line=f"another rsbench has run it meanwhile{_score(record)}")


@dataclass
class RunSummary:
    """What became of the cells that ran.

    Attributes:
        done: how many gave numbers.
        elsewhere: how many another process ran meanwhile.
        failed: cell and cause of each that did not.
        left: cells that were left to other processes, and who runs each, in words.
        stopped_by: the signal that ended the run early, None if it went to its end.
        budget_ended: whether the budget did.
        report_stopped_by: the signal that came while the report was made.
    """

    done: int = 0
    elsewhere: int = 0
    failed: list[tuple[Job, Cause]] = field(default_factory=list)
    left: list[tuple[Job, str]] = field(default_factory=list)
    stopped_by: int | None = None
    budget_ended: bool = False
    report_stopped_by: int | None = None

    @property
    def ended(self) -> int:
        """How many cells have ended, one way or another."""
        return self.done + self.elsewhere + len(self.failed)

    def add(self, job: Job, ending: Ending) -> None:
        """Count a cell that has ended."""
        if ending.cause is not None:
            self.failed.append((job, ending.cause))
        elif ending.status == "done":
            self.done += 1
        else:
            self.elsewhere += 1


def settle(
    cell: CellFolder,
    attempt: CellFolder,
    job: Job,
    outcome: Outcome,
    started_utc: str,
    provenance: Mapping[str, Any],
    ledger: Ledger,
) -> Ending:
    """Put a try's files in their places once its workers have ended, and return how the cell ended.

    A try without numbers gets a record that says why. It takes no place that numbers of an earlier one hold.

    Args:
        cell: the cell, whose lock is held.
        attempt: folder of the try.
        job: what ran.
        outcome: how the workers ended.
        started_utc: when they began.
        provenance: of this command.
        ledger: told of a cell that is done.
    """
    key = job.spec.key
    try:
        if records.is_done(attempt.record, key):  # whole, even if a worker stumbled while closing
            attempts.publish(cell, attempt, key)
            ledger.note(key)
            score = _score(records.read_record(cell.record))
            return Ending(status="done", line=f"done in {duration_text(outcome.wall_s)}{score}")
        cause, status = outcome.cause, outcome.status
        if not attempt.path.is_dir():
            return Ending.failure(Cause(reason=_what_is_missing(attempt.path), log=None, tail=()))
        if cause is None:
            cause = Cause(reason="all workers ended, but none wrote a record", log=attempt.log(0), tail=(), rank=0)
            status = "failed"
        record = failed_record(
            job,
            status=status,
            reason=cause.reason,
            started_utc=started_utc,
            wall_s=outcome.wall_s,
            provenance=provenance,
        )
        records.write_record(attempt.path, record)
        note_reached(cell, attempt)
        if not ledger.rerun:  # which would begin anew
            cause = _with_way_on(cell, job.spec.workers, cause)
        return Ending.failure(_kept(cell, attempt, key, cause), WORDS.get(status, "FAILED"))
    except OSError as problem:
        return Ending.failure(Cause(reason=str(folder_error(problem, cell.path)), log=None, tail=()))
    except RsbenchError as problem:
        return Ending.failure(Cause(reason=str(problem), log=None, tail=()))


def _with_way_on(cell: CellFolder, ranks: int, cause: Cause) -> Cause:
    """Return the cause, with a word on where the next run goes on where there is a checkpoint."""
    step = None if cause.by_user else Shelf(cell.checkpoints).newest(ranks)
    if step is None:
        return cause
    return replace(cause, hint=f"{cause.hint} The same command goes on from step {step}.".strip())


def _kept(cell: CellFolder, attempt: CellFolder, key: str, cause: Cause) -> Cause:
    """Keep a try that failed; return the cause with the places where its files are now."""
    if records.is_done(cell.record, key):
        place = attempts.set_aside(cell, attempt)
        hint = " ".join([cause.hint, "The numbers of the earlier run stay as they are."]).strip()
        cause = replace(cause, hint=hint)
    else:
        attempts.publish(cell, attempt, key)
        place = cell.path
    if cause.log is None or attempt.path not in cause.log.parents:
        return cause
    return replace(cause, log=place / cause.log.relative_to(attempt.path))


def stamp(cell: CellFolder) -> tuple[int, int] | None:
    """Return what changes when a cell's record is replaced, None where it has none."""
    try:
        found = cell.record.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def failure_elsewhere(cell: CellFolder) -> Ending | None:
    """Return the failure that another process has recorded, None where it was stopped or killed itself."""
    try:
        record = records.read_record(cell.record)
    except RsbenchError:
        return None
    if record["status"] not in ("failed", "timeout"):
        return None
    cause = Cause(reason=f"{record['reason']} (another rsbench ran it)", log=None, tail=())
    return Ending.failure(cause, WORDS.get(record["status"], "FAILED"))


def _what_is_missing(place: Path) -> str:
    """Return the sentence for a folder that was there when the workers began."""
    gone = next((path for path in (*reversed(place.parents), place) if not path.exists()), place)
    return f"{gone} was removed while the cell ran, and its results with it"


def _score(record: Record) -> str:
    """Return ``, test OA 91.2 %`` where the cell has one."""
    text = score_text(record)
    return f", {text}" if text else ""
