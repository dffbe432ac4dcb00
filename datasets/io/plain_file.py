"""The one way to open files that others put there: only plain ones, of a stated size, never through a link to write.

A FIFO, a device or a socket is never opened for reading, also where a link leads to it: one would wait for ever, another
never ends. A link to a plain file is read like the file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}


class UnfitFile(OSError):
    """A file that is not opened; the text says why, the caller adds which file and what to do."""


def kind_problem(mode: int) -> str | None:
    """Return why what has this mode is no plain file, None if it is one."""
    kind = stat.S_IFMT(mode)
    return None if kind == stat.S_IFREG else f"it is {_KINDS.get(kind, 'a special file')}, not a plain file"


def size_problem(size_bytes: int, max_bytes: int) -> str | None:
    """Return why a size is too large, None if it is not."""
    if size_bytes <= max_bytes:
        return None
    return f"it has {size_bytes:,} bytes, and at most {max_bytes:,} are read"


def require_plain(path: Path, max_bytes: int) -> os.stat_result:
    """Look at a file that a library will open by its path.

    Args:
        path: the file; links are followed.
        max_bytes: the largest size that is read.

    Returns:
        What the file system says of it.

    Raises:
        UnfitFile: it is no plain file or too large.
        OSError: there is none, or it may not be looked at.
    """
    found = path.stat()
    problem = kind_problem(found.st_mode) or size_problem(found.st_size, max_bytes)
    if problem is not None:
        raise UnfitFile(problem)
    return found


def open_plain(path: Path, max_bytes: int) -> BinaryIO:
    """Open a plain file for reading; another kind of file, also one that was put there just now, is refused at once.

    Args:
        path: the file; links are followed.
        max_bytes: the largest size that is read.

    Raises:
        UnfitFile: it is no plain file or too large.
        OSError: it cannot be opened.
    """
    require_plain(path, max_bytes)
    file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    try:
        found = os.fstat(file.fileno())
        problem = kind_problem(found.st_mode) or size_problem(found.st_size, max_bytes)
        if problem is not None:
            raise UnfitFile(problem)
    except BaseException:
        file.close()
        raise
    return file


def read_plain(path: Path, max_bytes: int) -> bytes:
    """Return all bytes of a plain file.

    Raises:
        UnfitFile: it is no plain file, too large, or grows while it is read.
        OSError: it cannot be opened or read.
    """
    with open_plain(path, max_bytes) as file:
        data = file.read(max_bytes + 1)
    problem = size_problem(len(data), max_bytes)
    if problem is not None:
        raise UnfitFile(problem)
    return data


def create_plain(path: Path) -> BinaryIO:
    """Open a new file for writing in place of whatever stands there: a link is removed, never followed.

    Raises:
        OSError: the folder cannot be written, or a folder has that name.
    """
    path.unlink(missing_ok=True)
    return path.open("xb")


def reopen_plain(path: Path) -> BinaryIO:
    """Open a plain file of our own to write on; a link, or a file with a second name elsewhere, is refused.

    Raises:
        UnfitFile: it is no plain file, or has a second name.
        OSError: it cannot be opened.
    """
    problem = kind_problem(path.lstat().st_mode)
    if problem is not None:
        raise UnfitFile(problem)
    file = open(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "r+b")
    found = os.fstat(file.fileno())
    if kind_problem(found.st_mode) is not None or found.st_nlink > 1:
        file.close()
        raise UnfitFile("it has a second name elsewhere")
    return file
