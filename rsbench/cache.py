"""What rsbench keeps in its cache folder: how much of what, and how to delete it and nothing else."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of what is kept.

    Attributes:
        name: key in JSON, and the folder in the cache.
        title: for people.
        pattern: of its files' paths in that folder; the first group is the entry that a file belongs to.
    """

    name: str
    title: str
    pattern: re.Pattern[str]


KINDS: Final = (
    Kind(
        name="data",
        title="prepared data sets",
        pattern=re.compile(r"(\.?[\w.-]+-[0-9a-f]{12}(?:-\w+)?)/[\w.-]+\.(?:npy|json|txt)"),
    ),
    Kind(name="facts", title="facts about models", pattern=re.compile(r"([0-9a-f]{24})\.json")),
    Kind(name="numba", title="compiled loops", pattern=re.compile(r"([\w.-]+)/[\w.<>-]+\.(?:nbi|nbc)")),
)
"""All kinds; a file that fits no pattern is not ours."""
_USERS: Final = "in-use"
"""Folder of the locks of processes that read what is kept."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What is kept of one kind.

    Attributes:
        kind: which.
        entries: entry -> bytes, such as one prepared data set.
    """

    kind: Kind
    entries: dict[str, int]

    @property
    def size_bytes(self) -> int:
        """Bytes of all entries."""
        return sum(self.entries.values())


@dataclass(frozen=True)
class _File:
    """A plain file of ours: its name in an open folder, so that no link can take the folder's place meanwhile."""

    folder_fd: int
    name: str
    entry: str
    size_bytes: int


def holdings(root: Path) -> list[Holding]:
    """Return what a cache folder holds of each kind; nothing where there is no folder.

    Args:
        root: the cache folder. Links in it are not followed.
    """
    found = []
    for kind in KINDS:
        entries: dict[str, int] = {}
        for file in _files(root, kind):
            entries[file.entry] = entries.get(file.entry, 0) + file.size_bytes
        found.append(Holding(kind=kind, entries=entries))
    return found


def clear(root: Path) -> int:
    """Delete what rsbench keeps in a cache folder and return the bytes; links and other files are left alone.

    Raises:
        RsbenchError: another process prepares or reads data there, or a file may not be deleted.
    """
    _refuse_busy(root)
    freed_bytes = 0
    try:
        for kind in KINDS:
            for file in _files(root, kind):
                os.unlink(file.name, dir_fd=file.folder_fd)
                freed_bytes += file.size_bytes
            _remove_empty_folders(root.resolve() / kind.name)
    except OSError as error:
        raise RsbenchError(
            f"The cache {root} could not be cleared ({error.strerror or error}): check the permissions there."
        ) from error
    return freed_bytes


def _files(root: Path, kind: Kind) -> Iterator[_File]:
    """Yield the files of a kind."""
    top = root.resolve() / kind.name
    if not top.is_dir():
        return
    for folder, _, names, folder_fd in os.fwalk(top, follow_symlinks=False):
        for name in names:
            fits = kind.pattern.fullmatch(str((Path(folder) / name).relative_to(top)))
            if fits is None:
                continue
            with contextlib.suppress(OSError):  # another process may have removed it
                facts = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    yield _File(folder_fd, name, fits[1], facts.st_size)


@contextlib.contextmanager
def in_use(root: Path) -> Iterator[None]:
    """Keep :func:`clear` from deleting what this process reads; where no lock can be had, nothing is kept from it.

    Args:
        root: the cache folder.
    """
    path = root / _USERS / f"{os.getpid()}-{secrets.token_hex(4)}.lock"
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(path, blocking=False, fallback_to_soft=False))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _refuse_busy(root: Path) -> None:
    """Refuse to delete while a process prepares data, or reads them.

    Raises:
        RsbenchError: one does.
    """
    for path in sorted((root / "data").glob("*.lock")):
        if _is_held(path):
            raise RsbenchError(f"Another process prepares {path.stem} in {root}: clear the cache when it is done.")
    for path in sorted((root / _USERS).glob("*.lock")):
        if _is_held(path):
            raise RsbenchError(
                f"A comparison that runs (process {path.stem.partition('-')[0]}) reads prepared data in {root}: clear"
                " the cache when it is done."
            )
        with contextlib.suppress(OSError):  # its process was killed
            path.unlink()


def _is_held(path: Path) -> bool:
    """Return whether a process holds a lock; links, and what is not ours to lock, are held by nobody."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        FileLock(path).acquire(timeout=0).lock.release()
    except Timeout:
        return True
    except OSError:  # deleting will tell
        return False
    return False


def _remove_empty_folders(top: Path) -> None:
    """Remove the folders below one that hold nothing any more."""
    if not top.is_dir():
        return
    for _, names, _, folder_fd in os.fwalk(top, topdown=False, follow_symlinks=False):
        for name in names:
            with contextlib.suppress(OSError):  # it holds something, or is a link
                os.rmdir(name, dir_fd=folder_fd)
