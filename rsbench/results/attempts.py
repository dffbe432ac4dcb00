"""Tries at a cell: each in a folder of its own, whose files take their places in the cell's folder when it has ended.

So a record stays readable until a newer one has replaced it whole. A try ends in one step, by which its folder becomes
``CellFolder.arriving``; whoever holds the cell's lock next brings a move that was cut short
to its end. All of this is for the holder of the lock alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from rsbench.errors import RsbenchError
from rsbench.results import records
from rsbench.results.folder import CELLS, CellFolder, refuse_link, remove
from rsbench.results.reached import note_reached

_CLEARED: Final = ".cleared"
"""File in an arriving try's folder: what it replaces was removed already."""


def lock(cell: CellFolder) -> FileLock:
    """Return the lock of a cell, which does not wait; the cell's folder is made if it is missing.

    Raises:
        RsbenchError: a link stands where the folder or its lock belongs.
        OSError: the folder cannot be made.
    """
    for place in (cell.path.parent, cell.path, cell.lock):
        refuse_link(place)
    cell.path.mkdir(parents=True, exist_ok=True)
    return FileLock(cell.lock, blocking=False)


def begin(cell: CellFolder, token: str) -> CellFolder:
    """Return a new folder for a try.

    Args:
        cell: the cell.
        token: of this comparison, the same on all its nodes, and no other's.

    Raises:
        OSError: it cannot be made, or something stands where the record belongs that no record can replace.
    """
    if cell.record.is_dir():
        raise IsADirectoryError(f"there is a folder named {cell.record.name}")
    attempt = cell.attempt(token)
    attempt.path.mkdir(parents=True, exist_ok=True)
    return attempt


def settle(cell: CellFolder, key: str) -> None:
    """Bring in order what a killed process left: end its move, take a whole record that is newer, tidy up.

    Raises:
        OSError: something cannot be moved or deleted.
    """
    _take_in(cell, key)
    if _is_done(cell, key):
        remove(cell.checkpoints)
    for attempt in list(cell.attempts()):
        if not attempt.path.is_symlink() and _is_done(attempt, key) and _written_ns(attempt) > _written_ns(cell):
            publish(cell, attempt, key)
        else:
            note_reached(cell, attempt)
            with suppress(OSError):  # its workers may be ending just now
                remove(attempt.path)


def settle_all(out: Path, keys: Collection[str]) -> None:
    """Bring in order what killed processes left of some cells; those that another process holds are its own."""
    for path in (out / CELLS).glob("*"):
        cell, key = CellFolder(path), path.name.rpartition("-")[2]
        if key in keys and (any(cell.attempts()) or os.path.lexists(cell.arriving)):
            with suppress(OSError, RsbenchError, Timeout), lock(cell):  # told when the cell runs
                settle(cell, key)


def publish(cell: CellFolder, attempt: CellFolder, key: str) -> None:
    """Put a try that has ended, with its record, in the place of what the cell's folder held.

    Raises:
        OSError: something cannot be moved.
    """
    remove(cell.arriving)
    attempt.path.rename(cell.arriving)
    _take_in(cell, key)


def set_aside(cell: CellFolder, attempt: CellFolder) -> Path:
    """Keep a try that failed beside the numbers of an earlier one; return its folder.

    Raises:
        OSError: it cannot be moved.
    """
    remove(cell.failed)
    attempt.path.rename(cell.failed)
    return cell.failed


def _take_in(cell: CellFolder, key: str) -> None:
    """Move the files of a whole try to their places, its record last.

    A process may be killed between two of them: the next one goes on, and does not clear away what was moved.
    """
    new = CellFolder(cell.arriving)
    if not os.path.lexists(new.path):
        return
    if new.path.is_symlink() or not _may_replace(new, cell, key):
        remove(new.path)
        return
    cleared = new.path / _CLEARED
    if not os.path.lexists(cleared):
        cell.clear()
        cleared.touch()
    own = {cell.record.name, cell.arriving.name, cell.failed.name}
    for file in sorted(new.path.iterdir()):
        if file.name not in own and not file.name.startswith((".", "try-")):
            remove(cell.path / file.name)
            file.rename(cell.path / file.name)
    new.record.replace(cell.record)
    remove(cell.failed)
    if _is_done(cell, key):
        remove(cell.checkpoints)
    remove(new.path)


def _may_replace(new: CellFolder, cell: CellFolder, key: str) -> bool:
    """Return whether a try's record is whole, and no failure in the place of numbers."""
    try:
        record = records.read_record(new.record)
    except RsbenchError:
        return False
    return bool(record["key"] == key) and (record["status"] == "done" or not _is_done(cell, key))


def _is_done(folder: CellFolder, key: str) -> bool:
    return records.is_done(folder.record, key)


def _written_ns(folder: CellFolder) -> int:
    """Return when a record was written, -1 where there is none."""
    try:
        return folder.record.stat().st_mtime_ns
    except OSError:
        return -1
