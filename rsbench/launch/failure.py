"""Why a cell failed: the one rank that went first, not the many that then lost their connection."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsbench.checkpoints.stopping import EXIT_CODE
from rsbench.results.folder import CellFolder
from rsbench.units import duration_text

TAIL_LINES: Final = 8
_LOST: Final = re.compile(
    r"connection (?:was )?(?:closed|reset|refused)|broken pipe|socket ?timeout|timed? ?out waiting|"
    r"connectfullmesh|recvvalue|failed to recv|remote process|peer|store.*(?:closed|timeout)|"
    r"nccl communicator was aborted",
    re.IGNORECASE,
)
_DEADLY: Final = frozenset({signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What ended a cell.

    Attributes:
        reason: one sentence's worth, stored in the record.
        log: where to read on.
        tail: last lines of the guilty rank's traceback or log.
        rank: the guilty rank, None when none can be named.
        hint: what is usually behind it, for the terminal.
        by_user: whether it is a mistake that the user must mend, so that starting again would not help.
    """

    reason: str
    log: Path | None
    tail: tuple[str, ...]
    rank: int | None = None
    hint: str = ""
    by_user: bool = False


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Why another machine cannot go on with a cell.

    Attributes:
        node: its number.
        reason: why its workers failed; empty where rsbench has ended there.
    """

    node: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RankError:
    """An exception that a worker wrote down before it ended."""

    rank: int
    type: str
    message: str
    traceback: str
    user_error: bool
    time: float

    @property
    def lost_connection(self) -> bool:
        """Whether this rank only noticed that another one had gone."""
        return not self.user_error and _LOST.search(f"{self.type}: {self.message}") is not None


def find(folder: CellFolder, exits: Mapping[int, int], trouble: Trouble | None = None) -> Cause:
    """Return why the workers of a cell failed.

    A mistake that the user can mend comes first; then a rank killed by a signal that no program catches; then the
    first exception that is not merely a lost connection; then other signals; then a rank that ended without a word;
    then whatever is left.

    Args:
        folder: of the cell, with the ranks' error files.
        exits: rank -> exit code (negative: signal) of those that ended by themselves, the first to end first.
        trouble: of another machine.
    """
    if not folder.path.is_dir():
        return Cause(reason=f"its folder {folder.path} was removed while it ran", log=None, tail=())
    errors = sorted(_read_errors(folder), key=lambda error: error.time)
    killed = {rank: signal.Signals(-code) for rank, code in exits.items() if _is_signal(code)}
    by_weight = [
        *(_from_error(folder, error) for error in errors if error.user_error),
        *(_from_signal(folder, rank, number) for rank, number in killed.items() if number in _DEADLY),
        *(_from_error(folder, error) for error in errors if not error.lost_connection),
        *(_from_stop(folder, rank) for rank, code in exits.items() if code == EXIT_CODE),
        *(_from_signal(folder, rank, number) for rank, number in killed.items()),
        *(_from_exit(folder, rank, code) for rank, code in exits.items() if rank not in {e.rank for e in errors}),
        *(_from_node(folder, there) for there in (trouble,) if there is not None),
        *(_from_error(folder, error) for error in errors),
        *(_from_exit(folder, rank, code) for rank, code in exits.items()),
    ]
    if by_weight:
        return by_weight[0]
    return Cause(reason="its workers ended without a word", log=newest_log(folder.path), tail=())


def standing_still(folder: CellFolder, rank: int | None, reason: str) -> Cause:
    """Return why a cell was ended in which nothing moved.

    Args:
        folder: of the cell; the logs say where each rank stood.
        rank: the guilty one, None when none can be named.
        reason: one sentence's worth.
    """
    log = newest_log(folder.path) if rank is None else folder.log(rank)
    hint = "If nothing is wrong and a step just takes that long, give more time with --stall-timeout."
    return Cause(reason=reason, log=log, tail=_tail(_read(log)) if log else (), rank=rank, hint=hint)


def find_error(folder: Path, rank: int) -> Cause | None:
    """Return what one rank wrote down about its own end, None if nothing."""
    cell = CellFolder(folder)
    return next((_from_error(cell, error) for error in _read_errors(cell) if error.rank == rank), None)


def _read_errors(folder: CellFolder) -> list[RankError]:
    """Return the exceptions that workers wrote down; damaged files are left out."""
    errors = []
    for path in sorted(folder.errors()):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            errors.append(
                RankError(
                    rank=int(content["rank"]),
                    type=str(content["type"]),
                    message=str(content["message"]),
                    traceback=str(content["traceback"]),
                    user_error=bool(content["user_error"]),
                    time=float(content["time"]),
                )
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue  # the worker died while writing it
    return errors


def newest_log(folder: Path) -> Path | None:
    """Return the rank's log that was written to last, None if there is none."""
    logs = sorted(CellFolder(folder).logs(), key=lambda path: path.stat().st_mtime)
    return logs[-1] if logs else None


def _from_error(folder: CellFolder, error: RankError) -> Cause:
    message = " ".join(error.message.split())
    reason = message if error.user_error else f"rank {error.rank} raised {error.type}: {message[:300]}"
    return Cause(
        reason=reason,
        log=folder.log(error.rank),
        tail=() if error.user_error else _tail(error.traceback),
        rank=error.rank,
        by_user=error.user_error,
    )


def _from_signal(folder: CellFolder, rank: int, number: signal.Signals) -> Cause:
    hint = "If nobody did that by hand, the machine ran out of memory: fewer workers or a smaller --batch-size help."
    log = folder.log(rank)
    return Cause(
        reason=f"rank {rank} was killed by {number.name} (signal {int(number)})",
        log=log,
        tail=_tail(_read(log)),
        rank=rank,
        hint=hint if number == signal.SIGKILL else "",
    )


def _from_stop(folder: CellFolder, rank: int) -> Cause:
    log = folder.log(rank)
    reason = "its workers were asked to stop by a signal (SIGTERM)"
    return Cause(reason=reason, log=log, tail=_tail(_read(log)), rank=rank)


def _from_exit(folder: CellFolder, rank: int, code: int) -> Cause:
    log = folder.log(rank)
    reason = f"rank {rank} ended with exit code {code}{'' if code else ' before its work was done'}"
    return Cause(reason=reason, log=log, tail=_tail(_read(log)), rank=rank)


def _from_node(folder: CellFolder, trouble: Trouble) -> Cause:
    if trouble.reason:
        reason = f"on node {trouble.node}, {trouble.reason}"
    else:
        reason = f"rsbench ended on node {trouble.node}, or cannot be reached there"
    return Cause(reason=reason, log=newest_log(folder.path), tail=())


def only_noticed(folder: CellFolder, exits: Mapping[int, int]) -> bool:
    """Return whether the ranks of this machine only noticed that others had gone; see :func:`find`."""
    return all(code > 0 for code in exits.values()) and all(error.lost_connection for error in _read_errors(folder))


def _is_signal(code: int) -> bool:
    return code < 0 and -code in {int(number) for number in signal.Signals}


def _tail(text: str) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-TAIL_LINES:]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def failure_lines(cause: Cause, word: str = "FAILED") -> list[str]:
    """Return what a user reads about a cell that is not done."""
    lines = [f"{word}: {cause.reason}", *(f"    {line}" for line in cause.tail)]
    if cause.log is not None:
        lines.append(f"    log: {cause.log}")
    return [*lines, f"    {cause.hint}"] if cause.hint else lines


def how_to_go_on(within_s: float) -> str:
    """Return what the user does about a node that is lost, and waited for."""
    return (
        f"Start the same command there again within {duration_text(within_s)}, and the comparison goes on; Ctrl-C ends"
        " it."
    )
