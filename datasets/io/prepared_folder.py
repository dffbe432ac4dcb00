"""A prepared data set: a folder that appears whole or not at all, made once for all processes that want it.

Its JSON file holds the size and the SHA-256 of every other file, and of itself. Sizes are looked at whenever a folder
is opened, digests whenever it is prepared again; a folder that differs is made anew, and the user is told.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self, cast

import numpy as np
from filelock import FileLock
from numpy.typing import DTypeLike, NDArray

from rsbench.datasets.io.plain_file import open_plain, read_plain, require_plain
from rsbench.errors import RsbenchError

_MAX_JSON_BYTES, _MAX_FILE_BYTES = 2**30, 2**45
_FILES, _SELF = "files", "sha256"
"""Keys of the JSON file: the others' sizes and digests, and its own digest."""


class _Damaged(Exception):
    """A prepared folder that cannot be used; the text says why."""


@dataclass(frozen=True, kw_only=True)
class PreparedFolder:
    """A data set in the form that workers read: arrays that they map, and a JSON file of everything else.

    A subclass adds fields, which are keys of the JSON file like ``stamp``, which changes with the data that the folder
    was made from.
    """

    METADATA: ClassVar[str]
    """Name of the JSON file."""
    SCHEMA: ClassVar[int]
    """Version of the folder's form; a folder of another one is made anew."""
    folder: Path
    stamp: str
    remade: str = ""
    """A sentence for the user where a damaged folder had to be made anew just now; stands in no file."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open a folder that ``prepare`` made, and look at the sizes of its files.

        Raises:
            RsbenchError: there is none, another rsbench wrote it, or it is damaged.
        """
        try:
            return cls._opened(folder, _size_problem)
        except _Damaged as error:
            raise RsbenchError(
                f"{folder} holds no prepared data that can be used ({error}): run again, and it is made anew."
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return what the JSON file holds of the data: everything but the folder's own path."""
        values = asdict(self)
        del values["folder"], values["remade"]
        return {"schema": self.SCHEMA, **values}

    @classmethod
    def reuse_or_write(cls, folder: Path, name: str, stamp: str, write: Callable[[Path], Self]) -> Self:
        """Return what stands in ``folder``, writing it first where there is nothing or something stale or damaged.

        Args:
            folder: where it belongs; made, locked and replaced as one.
            name: of the data set, for errors.
            stamp: of the data as it is now.
            write: fills the empty folder that it is given with arrays, and returns what will stand in ``folder``.

        Raises:
            RsbenchError: the place cannot be written or is full.
        """
        ready, _ = cls._reusable(folder, stamp)
        if ready is not None:
            return ready
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_name(folder.name + ".lock")):
                ready, problem = cls._reusable(folder, stamp)
                if ready is not None:
                    return ready
                prepared = cls._replace(folder, write)
        except OSError as error:
            raise RsbenchError(
                f"The decoded copy of {name} cannot be written below {folder.parent} ({error.strerror or error}): "
                "free space and the way there, or name another folder in RSBENCH_CACHE."
            ) from error
        remade = f"The prepared copy of {name} in {folder} was damaged ({problem}) and has been made anew."
        return replace(prepared, remade=remade) if problem else prepared

    def map_array(self, name: str) -> NDArray[Any]:
        """Return an array as a read-only memory map, which processes share."""
        array: NDArray[Any] = np.load(self.folder / name, mmap_mode="r")
        return array

    @classmethod
    def _from_json(cls, folder: Path, values: dict[str, Any]) -> Self:
        """Build an object from what the JSON file holds, with tuples for its lists."""
        return cls(folder=folder, **values)

    @classmethod
    def _opened(cls, folder: Path, problem: Callable[[Path, int, str], str | None]) -> Self:
        """Return what stands in a folder whose files are as they were written.

        Args:
            folder: of the prepared data.
            problem: says what is wrong with a file, by its path, size and digest.

        Raises:
            _Damaged: they are not, or there are none.
            RsbenchError: another rsbench wrote them.
        """
        try:
            values = json.loads(read_plain(folder / cls.METADATA, _MAX_JSON_BYTES), object_hook=_with_tuples)
        except (OSError, ValueError, RecursionError) as error:
            raise _Damaged(f"{cls.METADATA}: {getattr(error, 'strerror', None) or error}") from error
        if not isinstance(values, dict) or values.pop("schema", None) != cls.SCHEMA:
            raise RsbenchError(f"{folder} was written by another version of rsbench: delete that folder and run again.")
        if values.pop(_SELF, None) != _digest_of(values):
            raise _Damaged(f"{cls.METADATA} was changed")
        try:
            for name, (size_bytes, digest) in values.pop(_FILES).items():
                found = problem(folder / name, size_bytes, digest)
                if found is not None:
                    raise _Damaged(f"{name} {found}")
            return cls._from_json(folder, values)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _Damaged(f"{cls.METADATA} holds something else: {error}") from error

    @classmethod
    def _reusable(cls, folder: Path, stamp: str) -> tuple[Self | None, str]:
        """Return what stands in ``folder`` if it is whole and made from the same data, and what is wrong with it."""
        if not folder.is_dir():
            return None, ""
        try:
            ready = cls._opened(folder, _content_problem)
        except _Damaged as error:
            return None, str(error)
        except RsbenchError:  # of another version
            return None, ""
        return (ready, "") if ready.stamp == stamp else (None, "")

    @classmethod
    def _replace(cls, folder: Path, write: Callable[[Path], Self]) -> Self:
        """Write into a temporary folder beside ``folder`` and move it into place."""
        for stale in folder.parent.glob(f".{folder.name}-*"):  # of a process that was killed; we hold the lock
            shutil.rmtree(stale, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            prepared = write(temporary)
            (temporary / cls.METADATA).write_text(_sealed(prepared.to_dict(), temporary), encoding="utf-8")
            temporary.chmod(0o755)
            if folder.exists():  # an older copy of files that changed since, or a broken one
                shutil.rmtree(folder)
            os.replace(temporary, folder)
            return prepared
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def content_digests(folder: Path) -> dict[str, str]:
    """Return file name -> SHA-256 of the arrays of a prepared folder, as they were written."""
    digests: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        files = json.loads(read_plain(path, _MAX_JSON_BYTES)).get(_FILES, {})
        digests |= {name: digest for name, (_, digest) in files.items()}
    return digests


def _sealed(values: dict[str, Any], folder: Path) -> str:
    """Return the JSON file's text: the values, the sizes and digests of the folder's files, and its own digest."""
    files = {path.name: (path.stat().st_size, _digest(path)) for path in sorted(folder.iterdir())}
    schema = {"schema": values.pop("schema")}
    values = {**values, _FILES: files}
    return json.dumps({**schema, **values, _SELF: _digest_of(values)})


def _digest_of(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    with open_plain(path, _MAX_FILE_BYTES) as file:
        return hashlib.file_digest(cast(io.BufferedReader, file), "sha256").hexdigest()


def _size_problem(path: Path, size_bytes: int, _: str) -> str | None:
    """Return why a file is not the one that was written, by its size alone; None where it may be."""
    try:
        found_bytes = require_plain(path, _MAX_FILE_BYTES).st_size
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return None if found_bytes == size_bytes else f"has {found_bytes:,} bytes instead of {size_bytes:,}"


def _content_problem(path: Path, size_bytes: int, digest: str) -> str | None:
    """Return why a file is not the one that was written; reads all of it."""
    try:
        return _size_problem(path, size_bytes, digest) or (None if _digest(path) == digest else "has other content")
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Return an object of the JSON file with tuples in place of lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


@contextmanager
def new_array(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """Open a new ``.npy`` file whose elements are then written in C order.

    Plain writes, not a writable memory map: on a full disk a map would kill the process with SIGBUS.

    Raises:
        OSError: ENOSPC, with the amount in words, before anything is written.
    """
    kind = np.dtype(dtype)
    descr = np.lib.format.dtype_to_descr(kind)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        size_bytes, free_bytes = math.prod(shape) * kind.itemsize, shutil.disk_usage(path.parent).free
        if free_bytes < size_bytes:
            raise OSError(
                errno.ENOSPC, f"it needs {size_bytes / 2**20:,.0f} MiB and {free_bytes / 2**20:,.0f} MiB are free"
            )
        yield file
