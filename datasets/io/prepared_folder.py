"""Folders that appear whole or not at all, made once for all processes that want them."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from filelock import FileLock
from numpy.typing import DTypeLike

from rsbench.errors import RsbenchError

Made = TypeVar("Made")


def read_facts(folder: Path, file: str, schema: int) -> dict[str, Any]:
    """Return the JSON of facts in a prepared folder, without its schema.

    Args:
        folder: that :func:`once` made.
        file: its name there.
        schema: that this rsbench writes.

    Raises:
        RsbenchError: there is none, or another rsbench wrote it.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RsbenchError(f"{folder} holds no prepared data ({error}): delete that folder and run again.") from error
    if facts.pop("schema", None) != schema:
        raise RsbenchError(f"{folder} was written by another version of rsbench: delete that folder and run again.")
    return facts


def once(folder: Path, name: str, ready: Callable[[], Made | None], write: Callable[[Path], Made]) -> Made:
    """Return what stands in ``folder``, writing it first where there is nothing or something stale.

    Args:
        folder: where it belongs; made, locked and replaced as one.
        name: of the data set, for errors.
        ready: returns what stands there, None if nothing usable does.
        write: fills the empty folder that it is given, and returns what will stand in ``folder``.

    Raises:
        RsbenchError: the place cannot be written or is full.
    """
    found = ready()
    if found is not None:
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):
            found = ready()
            return _replaced(folder, write) if found is None else found
    except OSError as error:
        raise RsbenchError(
            f"The decoded copy of {name} cannot be written below {folder.parent} ({error.strerror or error}): "
            f"free or choose another cache folder."
        ) from error


def _replaced(folder: Path, write: Callable[[Path], Made]) -> Made:
    """Write into a temporary folder beside ``folder`` and move it into place."""
    for stale in folder.parent.glob(f".{folder.name}-*"):  # of a process that was killed; we hold the lock
        shutil.rmtree(stale, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        result = write(made)
        made.chmod(0o755)
        if folder.exists():  # an older copy of files that changed since, or a broken one
            shutil.rmtree(folder)
        os.replace(made, folder)
        return result
    finally:
        shutil.rmtree(made, ignore_errors=True)


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
