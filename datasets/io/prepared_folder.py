"""A prepared data set: a folder that appears whole or not at all, made once for all processes that want it."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self

import numpy as np
from filelock import FileLock
from numpy.typing import DTypeLike, NDArray

from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class PreparedFolder:
    """A data set in the form that workers read: arrays that they map, and a JSON file of everything else.

    A subclass adds fields, which are the keys of the JSON file in that order. One of them is ``stamp``, which
    changes with the data that the folder was made from.
    """

    METADATA: ClassVar[str]
    """Name of the JSON file."""
    SCHEMA: ClassVar[int]
    """Version of the folder's form; a folder of another one is made anew."""
    folder: Path

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open a folder that ``prepare`` made.

        Raises:
            RsbenchError: if there is none, or another rsbench wrote it.
        """
        return cls._from_json(folder, cls._read(folder))

    def to_dict(self) -> dict[str, Any]:
        """Return what the JSON file holds: everything but the folder's own path."""
        values = asdict(self)
        del values["folder"]
        return {"schema": self.SCHEMA, **values}

    @classmethod
    def reuse_or_write(cls, folder: Path, name: str, stamp: str, write: Callable[[Path], Self]) -> Self:
        """Return what stands in ``folder``, writing it first where there is nothing or something stale.

        Args:
            folder: where it belongs; made, locked and replaced as one.
            name: of the data set, for errors.
            stamp: of the data as it is now.
            write: fills the empty folder that it is given with arrays, and returns what will stand in ``folder``.

        Raises:
            RsbenchError: the place cannot be written or is full.
        """
        ready = cls._reusable(folder, stamp)
        if ready is not None:
            return ready
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_name(folder.name + ".lock")):
                ready = cls._reusable(folder, stamp)
                return cls._replace(folder, write) if ready is None else ready
        except OSError as error:
            raise RsbenchError(
                f"The decoded copy of {name} cannot be written below {folder.parent} ({error.strerror or error}): "
                f"free or choose another cache folder."
            ) from error

    def map_array(self, name: str) -> NDArray[Any]:
        """Return an array as a read-only memory map, which processes share."""
        array: NDArray[Any] = np.load(self.folder / name, mmap_mode="r")
        return array

    @classmethod
    def _from_json(cls, folder: Path, values: dict[str, Any]) -> Self:
        """Build an object from what the JSON file holds, with tuples for its lists."""
        return cls(folder=folder, **values)

    @classmethod
    def _read(cls, folder: Path) -> dict[str, Any]:
        """Return what the JSON file holds, without its schema.

        Raises:
            RsbenchError: if there is none, or another rsbench wrote it.
        """
        try:
            text = (folder / cls.METADATA).read_text(encoding="utf-8")
            values: dict[str, Any] = json.loads(text, object_hook=_with_tuples)
        except (OSError, ValueError) as error:
            raise RsbenchError(
                f"{folder} holds no prepared data ({error}): delete that folder and run again."
            ) from error
        if values.pop("schema", None) != cls.SCHEMA:
            raise RsbenchError(f"{folder} was written by another version of rsbench: delete that folder and run again.")
        return values

    @classmethod
    def _reusable(cls, folder: Path, stamp: str) -> Self | None:
        """Return what stands in ``folder`` if it is whole and made from the same data."""
        try:
            values = cls._read(folder)
        except RsbenchError:
            return None
        return cls._from_json(folder, values) if values.get("stamp") == stamp else None

    @classmethod
    def _replace(cls, folder: Path, write: Callable[[Path], Self]) -> Self:
        """Write into a temporary folder beside ``folder`` and move it into place."""
        for stale in folder.parent.glob(f".{folder.name}-*"):  # of a process that was killed; we hold the lock
            shutil.rmtree(stale, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            prepared = write(temporary)
            (temporary / cls.METADATA).write_text(json.dumps(prepared.to_dict()), encoding="utf-8")
            temporary.chmod(0o755)
            if folder.exists():  # an older copy of files that changed since, or a broken one
                shutil.rmtree(folder)
            os.replace(temporary, folder)
            return prepared
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


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
