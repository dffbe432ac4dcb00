"""The private folder of the workers of one machine, and the end of what killed comparisons left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from rsbench.launch import processes

PREFIX: Final = "rsbench-workers-"
YOUNG_S: Final = 60.0
"""A folder that was touched so recently may be one that is just being made."""


class Scratch:
    """A folder that only this user can open, locked for as long as its process lives.

    Whoever makes one removes those that no living process holds, and kills the helpers of their workers.

    Attributes:
        path: the folder.
        mark: names the processes that belong to it, see :data:`rsbench.launch.processes.MARK`.

    Raises:
        OSError: the system's folder for temporary files cannot be written.
    """

    def __init__(self) -> None:
        remove_abandoned()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.mark = self.path.name
        self._held = _lock(self.path)

    def remove(self) -> None:
        """Kill the processes that are left, and delete the folder."""
        processes.kill_all(self.mark)
        shutil.rmtree(self.path, ignore_errors=True)
        if self._held is not None:
            os.close(self._held)
            self._held = None


def remove_abandoned() -> None:
    """Remove the folders of this user that no process holds, and kill the processes that belong to them."""
    for path in _old_ones(Path(tempfile.gettempdir())):
        held = _lock(path)
        if held is not None:
            processes.kill_all(path.name)
            shutil.rmtree(path, ignore_errors=True)
            os.close(held)


def _old_ones(place: Path) -> Iterator[Path]:
    for path in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = path.lstat()
            if found.st_uid == os.getuid() and time.time() - found.st_mtime > YOUNG_S:
                yield path


def _lock(path: Path) -> int | None:
    """Return an open descriptor that holds a folder's lock, None where another process has it."""
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held
