"""Signs of life: each rank marks how far it is in shared memory, and the launcher sees which rank stands still.

A mark costs well under a microsecond: a step makes two, evaluation one a batch.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MARK: Final = struct.Struct("=qd48s")
_mine: tuple[mmap.mmap, int] | None = None


@dataclass(frozen=True)
class Mark:
    """Where a rank was last seen.

    Attributes:
        count: marks so far; ranks of one cell make the same ones, so that the lowest has fallen behind.
        at_s: clock time of the last one (``time.monotonic``, which all processes of a machine share).
        where: what it was about to do then.
    """

    count: int
    at_s: float
    where: str


class Heartbeats:
    """The launcher's view of its ranks.

    Args:
        path: file of the marks, which is made; it stands in a folder that only this user can open.
        ranks: how many ranks of this machine write to it.
    """

    def __init__(self, path: Path, ranks: int) -> None:
        now = _MARK.pack(0, time.monotonic(), b"start its process")
        path.write_bytes(now * ranks)
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._ranks = ranks

    def read(self) -> list[Mark]:
        """Return the last mark of each rank."""
        marks = []
        for rank in range(self._ranks):
            count, at_s, where = _MARK.unpack_from(self._memory, rank * _MARK.size)
            marks.append(Mark(count, at_s, where.rstrip(b"\0").decode("utf-8", "replace")))
        return marks

    def restart(self, where: str) -> None:
        """Count from zero again, for the next cell; until its first mark a rank is about to do ``where``."""
        for rank in range(self._ranks):
            _MARK.pack_into(self._memory, rank * _MARK.size, 0, time.monotonic(), where.encode()[:48])


def open_mine(path: Path, rank: int) -> None:
    """Let :func:`beat` write to a rank's place in the launcher's file.

    Args:
        path: made by :class:`Heartbeats`.
        rank: counted on this machine.
    """
    global _mine  # noqa: PLW0603 - one process is one rank
    with path.open("r+b") as file:
        _mine = mmap.mmap(file.fileno(), 0), rank * _MARK.size


def beat(where: str) -> None:
    """Mark that this rank is alive; does nothing in a process that no launcher of rsbench started.

    Args:
        where: what the rank is about to do, as it continues "it was about to ...", at most 48 bytes.
    """
    if _mine is None:
        return
    memory, offset = _mine
    (count,) = struct.unpack_from("=q", memory, offset)
    _MARK.pack_into(memory, offset, count + 1, time.monotonic(), where.encode()[:48])
