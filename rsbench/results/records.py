"""Records on disk: one file a cell, written whole, read without trust. The schema says what is in a record."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rsbench.errors import RsbenchError
from rsbench.results import claims, schema
from rsbench.results.claims import Claim
from rsbench.results.folder import CELLS, CellFolder, write_file
from rsbench.results.schema import Record

LARGEST_BYTES: Final = 64 << 20
"""Of a record's file."""


def write_record(folder: Path, record: Mapping[str, Any]) -> Path:
    """Check a record and write it into its cell folder: whole or not at all, whatever happens meanwhile.

    Args:
        folder: the cell folder, made if it is missing.
        record: plain dicts, lists, texts and numbers. Infinite and undefined numbers are stored as null.

    Returns:
        The path written.

    Raises:
        RsbenchError: when the record is not of the schema, or the folder is read-only or its disk is full.
    """
    clean = _without_non_finite(record)
    try:
        schema.check(clean)
    except RsbenchError as problem:
        raise RsbenchError(f"The record for {folder} cannot be written: {problem}.") from problem
    text = json.dumps(clean, ensure_ascii=False, indent=1, allow_nan=False)
    return write_file(CellFolder(folder).record, f"{text}\n")


def read_record(path: Path) -> Record:
    """Return one record, upgraded to the current schema and checked.

    Args:
        path: a ``record.json``.

    Raises:
        RsbenchError: one sentence that names the file, what is wrong with it and what to do.
    """
    try:
        record = schema.upgrade(json.loads(_read_bytes(path), parse_constant=lambda _: None))
        schema.check(record)
    except RsbenchError as problem:
        text = str(problem)
        remedy = "" if ";" in text else "; restore it, or delete it so that the cell runs again"
        raise RsbenchError(f"The record {path} cannot be used: {text}{remedy}.") from problem
    except OSError as problem:
        raise RsbenchError(f"The record {path} cannot be read: {problem.strerror or problem}.") from problem
    except (ValueError, RecursionError) as problem:
        raise RsbenchError(
            f"The record {path} is damaged or cut short (no JSON); delete it so that the cell runs again."
        ) from problem
    return record


def _read_bytes(path: Path) -> bytes:
    """Return a file of a size that a record can have."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise RsbenchError("it is no plain file; remove it so that the cell runs again")
    with path.open("rb") as stream:
        content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise RsbenchError(f"it is larger than {LARGEST_BYTES >> 20} MiB, which no record is")
    return content


def read_records(folders: Iterable[Path]) -> tuple[list[Record], list[str]]:
    """Return all usable records below some result folders and a sentence for each that is not.

    Args:
        folders: result folders, their ``cells`` folders, or single cell folders.

    Returns:
        Records in the order of their start, and the problems in the order of their paths.

    Raises:
        RsbenchError: when a folder does not exist.
    """
    records: list[Record] = []
    problems: list[str] = []
    with _without_collections():
        for path in _record_paths(folders):
            try:
                records.append(_with_picture_paths(read_record(path), path.parent))
            except RsbenchError as problem:
                problems.append(str(problem))
    return sorted(records, key=lambda record: str(record["started_utc"])), problems


def stamps(folders: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Return what changes when a record below some result folders is written: path -> inode and time.

    Raises:
        RsbenchError: when a folder does not exist.
    """
    found = {}
    for path in _record_paths(folders):
        with contextlib.suppress(OSError):  # another process may be replacing it
            of = path.stat()
            found[path] = (of.st_ino, of.st_mtime_ns)
    return found


def _with_picture_paths(record: Record, folder: Path) -> Record:
    """Set where each picture is, empty where a record names a place outside its folder: it may come from anywhere."""
    for picture in (record.get("accuracy") or {}).get("pictures") or []:
        picture["path"] = _inside(folder, picture["file"])
    return record


def _inside(folder: Path, file: str) -> str:
    """Return the path of a file in a folder, empty where its name or a link leads out of it."""
    path = folder / file
    try:
        is_inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, or links in a circle
        return ""
    return str(path) if is_inside else ""


def find_done(out: Path, keys: Collection[str]) -> dict[str, Record]:
    """Return the finished cells among ``keys``, by key.

    Args:
        out: the result folder; it need not exist.
        keys: cell keys; cell folders end with ``-<key>``.

    Returns:
        Key to record for status ``done`` only: damaged, failed and foreign records are left out, so that
        those cells run again.
    """
    wanted = set(keys)
    done: dict[str, Record] = {}
    for cell in _subfolders(out / CELLS):
        key, path = cell.name.rpartition("-")[2], CellFolder(cell).record
        if key not in wanted or not path.is_file():
            continue
        record = _read_done(path, key)
        if record is not None:
            done[key] = record
    return done


def is_done(path: Path, key: str) -> bool:
    """Return whether a file is the whole record of a cell that is done."""
    return _read_done(path, key) is not None


def _read_done(path: Path, key: str) -> Record | None:
    try:
        record = read_record(path)
    except RsbenchError:
        return None
    return record if record["key"] == key and record["status"] == "done" else None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One line of ``rsbench list runs``.

    Attributes:
        folder: the cell folder.
        status: a record's status, ``unfinished`` when a cell was started and left no record, ``damaged``.
        reason: why it is not done; the problem's sentence when damaged.
        started_utc: ISO time, empty when unknown.
        record: the record, None when unfinished or damaged.
        claim: of the process that runs it, or did when it was killed; None where none has claimed an unfinished cell.
    """

    folder: Path
    status: str
    reason: str
    started_utc: str
    record: Record | None
    claim: Claim | None = None


def list_runs(folders: Iterable[Path]) -> list[Run]:
    """Return every cell below some result folders, usable or not, by start (unknown first), then by name.

    Raises:
        RsbenchError: when a folder does not exist.
    """
    return sorted((_run(cell) for cell in _cell_folders(folders)), key=lambda run: (run.started_utc, run.folder))


def _run(cell: Path) -> Run:
    """Return one cell folder's line."""
    path = CellFolder(cell).record
    if not os.path.lexists(path):
        reason = "it was started and left no record: still running, or its process was killed"
        claim = _claim_of(cell)
        since = "" if claim is None else claim.since_utc
        return Run(folder=cell, status="unfinished", reason=reason, started_utc=since, record=None, claim=claim)
    try:
        record = read_record(path)
    except RsbenchError as problem:
        return Run(folder=cell, status="damaged", reason=str(problem), started_utc="", record=None)
    return Run(
        folder=cell, status=record["status"], reason=record["reason"], started_utc=record["started_utc"], record=record
    )


def _claim_of(cell: Path) -> Claim | None:
    """Return the claim on a cell that was not given back, None where there is none that can be read."""
    try:
        claim = claims.newest(CellFolder(cell).claims)
    except (OSError, RsbenchError):
        return None
    return None if claim is None or claim.is_released else claim


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Keep the garbage collector from walking over all that was read, again and again: records hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _record_paths(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the records that exist below the folders."""
    for cell in _cell_folders(folders):
        path = CellFolder(cell).record
        if os.path.lexists(path):
            yield path


def _cell_folders(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield each cell folder once, whether its result folder, its ``cells`` folder or itself is given."""
    seen: set[Path] = set()
    for folder in folders:
        if folder.suffix == ".zip" and not folder.is_dir():
            is_bundle = f"{folder} is a bundle; rsbench report and rsbench.load read it."
            raise RsbenchError(is_bundle if folder.is_file() else f"There is no file {folder}.")
        if not folder.is_dir():
            raise RsbenchError(
                f"There is no result folder {folder}; run `rsbench compare --out {folder}` first "
                "or name another folder."
            )
        below = () if CellFolder(folder).lock.exists() else (*_subfolders(folder), *_subfolders(folder / CELLS))
        for candidate in (folder, *below):
            if CellFolder(candidate).was_begun and candidate.resolve() not in seen:
                seen.add(candidate.resolve())
                yield candidate


def _subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder by name; none when it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def _without_non_finite(value: Any) -> Any:
    """Return a copy in which infinite and undefined numbers are None and tuples are lists."""
    if isinstance(value, Mapping):
        return {str(key): _without_non_finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_non_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
