"""How this process takes a cell: by the cell's lock, which frees when a process dies, and by a claim for all hosts.

The lock alone tells nothing of other hosts, as many shared file systems keep it on each machine or know none.
"""

from __future__ import annotations

import errno
import os
import platform
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from filelock import FileLock, Timeout

from rsbench.errors import RsbenchError
from rsbench.results import claims
from rsbench.results.claims import Claim, Watch
from rsbench.results.folder import CellFolder, refuse_link
from rsbench.results.provenance import utc_now

LEASE_VARIABLE: Final = "RSBENCH_LEASE_S"
"""Environment variable with this process's lease in whole seconds."""
BEATS: Final = 12
"""Signs of life in a lease."""
_NO_LOCKS: Final = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP)
"""What a file system without locks answers."""


class Busy(Exception):
    """Another process holds a cell.

    Attributes:
        claim: of that process; None where it has none, or none that counts.
        is_alive: whether it surely runs, and is not one that died and whose lease is not over.
        is_silent: whether it has made no sign for some time.
    """

    def __init__(self, claim: Claim | None, *, is_alive: bool, is_silent: bool = False) -> None:
        super().__init__()
        self.is_silent = is_silent
        self.claim = None if claim is None or claim.is_released else claim
        self.is_alive = is_alive

    @property
    def who(self) -> str:
        """The other process, in words."""
        return "another rsbench" if self.claim is None else f"another rsbench ({self.claim.holder})"


class Lost(RsbenchError):
    """Another process took a cell over from this one, which seemed to be dead."""


@dataclass(frozen=True, kw_only=True)
class Dead:
    """A process that left a cell without giving it back.

    Attributes:
        claim: its claim.
        silent_s: for how long it had made no sign, in seconds; None where it is known to have ended.
    """

    claim: Claim
    silent_s: float | None

    @property
    def line(self) -> str:
        """What the user reads."""
        if self.silent_s is None:
            return f"taken over from process {self.claim.pid} of this host, which was killed"
        holder = self.claim.holder.replace(", process ", " (process ") + ")" if self.claim.host else "a process"
        return f"taken over from {holder}, which made no sign for {self.silent_s:.0f} s"


class Hold:
    """A cell that this process holds.

    Args:
        cell: the cell.
        claim: this process's claim.
        dead: from whom it was taken over; None where nobody left it.

    Attributes:
        beat_s: between two signs of life, in seconds.
    """

    def __init__(self, cell: CellFolder, claim: Claim, dead: Dead | None) -> None:
        self._cell, self._claim, self.dead = cell, claim, dead
        self.beat_s = claim.lease_s / BEATS
        self._touched, self._is_left = time.monotonic(), False

    def leave(self) -> None:
        """Make no more signs of life: the cell is given back."""
        self._is_left = True

    def touch(self) -> None:
        """Make a sign of life where the last one is some seconds old; a file server that does not answer is waited for.

        Raises:
            Lost: another process has taken the cell over.
        """
        if self._is_left or time.monotonic() - self._touched < self.beat_s:
            return
        with suppress(OSError):
            self.check()
            claims.touch(self._cell.claims, self._claim.number)
        self._touched = time.monotonic()

    def check(self) -> None:
        """Make sure that the cell is still this process's.

        Raises:
            Lost: another process has taken it over.
            OSError: the file server does not tell.
        """
        found = claims.newest(self._cell.claims)
        if found is None and not self._cell.path.is_dir():
            return  # all was removed, which is told by who misses its files
        if found is None or found.token != self._claim.token:
            raise Lost(_lost(found, self._claim.lease_s))


@contextmanager
def beating(hold: Hold) -> Iterator[None]:
    """Make signs of life from a thread, for a process that trains itself and starts no others."""
    ended = threading.Event()

    def beat() -> None:
        with suppress(Lost):  # told by the check before the numbers take their place
            while not ended.wait(hold.beat_s):
                hold.touch()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Claimant:
    """This process as one of those that share result folders.

    Args:
        lease_s: after so many seconds without a sign others take its cells over; None takes it from
            ``RSBENCH_LEASE_S``, else the default.
        host: name of this machine, found by itself.
        watch: what it has seen of others.
    """

    def __init__(self, lease_s: float | None = None, host: str = "", watch: Watch | None = None) -> None:
        lease_s = lease_s or float(os.environ.get(LEASE_VARIABLE) or claims.LEASE_S)
        self._watch = watch or Watch()
        host = host or platform.node() or "unnamed"
        self._me = Claim(number=0, host=host, boot_id=claims.boot_id(), pid=os.getpid(), lease_s=lease_s)

    @contextmanager
    def take(self, cell: CellFolder) -> Iterator[Hold]:
        """Hold a cell, whose folder is made if it is missing; does not wait.

        Raises:
            Busy: another process holds it.
            RsbenchError: a link stands where the folder or a file of it belongs.
            OSError: the folder cannot be used.
        """
        for place in (cell.path.parent, cell.path, cell.lock, cell.claims):
            refuse_link(place)
        cell.path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            hold, claim = self._claim(cell, stack)
            try:
                yield hold
            finally:
                hold.leave()
                with suppress(OSError):
                    claims.release(cell.claims, claim.number)

    def _claim(self, cell: CellFolder, stack: ExitStack) -> tuple[Hold, Claim]:
        """Return the hold and its claim; the lock, where it can be had, is on the stack."""
        lock = _lock(cell, stack)
        before = claims.newest(cell.claims)
        standing = self._standing(cell, before)
        lock_tells = before is not None and before.is_locked and before.shares_machine_with(self._me)
        is_killed = standing is _Standing.HELD and lock_tells and lock is _Lock.OURS
        if not (
            is_killed or standing is _Standing.EXPIRED or (standing is _Standing.FREE and lock is not _Lock.OTHERS)
        ):
            is_seen = standing is _Standing.HELD and self._watch.is_alive(cell.claims)
            is_alive = is_seen or (lock is _Lock.OTHERS and (before is None or lock_tells))
            is_silent = standing is _Standing.HELD and self._watch.is_silent(cell.claims)
            raise Busy(before, is_alive=is_alive, is_silent=is_silent)
        number, token = 1 if before is None else before.number + 1, secrets.token_hex(8)
        is_locked = lock is _Lock.OURS
        claim = replace(self._me, number=number, token=token, since_utc=utc_now(), is_locked=is_locked)
        if not claims.make(cell.claims, claim):
            raise Busy(None, is_alive=False)  # another was quicker
        if before is None or standing is _Standing.FREE:
            return Hold(cell, claim, None), claim
        silent_s = None if is_killed else self._watch.silent_s(cell.claims)
        return Hold(cell, claim, Dead(claim=before, silent_s=silent_s)), claim

    def _standing(self, cell: CellFolder, newest: Claim | None) -> _Standing:
        if newest is None or newest.is_released:
            return _Standing.FREE
        self._watch.look(cell.claims, newest)
        return _Standing.EXPIRED if self._watch.is_expired(cell.claims) else _Standing.HELD


class _Standing(Enum):
    """What a cell's newest claim says: nobody holds it, somebody does, or somebody did and makes no sign."""

    FREE, HELD, EXPIRED = range(3)


class _Lock(Enum):
    """Whose a cell's lock is; of nobody where the file system knows no locks."""

    OURS, OTHERS, NOBODYS = range(3)


def _lock(cell: CellFolder, stack: ExitStack) -> _Lock:
    """Take the lock of a cell if that can be, and leave its release on the stack.

    Raises:
        OSError: its file cannot be used.
    """
    try:
        stack.enter_context(FileLock(cell.lock, blocking=False, fallback_to_soft=False))
    except Timeout:
        return _Lock.OTHERS
    except OSError as problem:
        if problem.errno in _NO_LOCKS:
            return _Lock.NOBODYS
        raise
    return _Lock.OURS


def _lost(newest: Claim | None, lease_s: float) -> str:
    """Return what the user reads where this process has lost a cell."""
    dropped = "Its workers were ended, and what they did is dropped"
    if newest is None:
        return f"somebody removed the claim of this process, so that another may be running this cell. {dropped}"
    by = newest.holder if newest.host else "a process"
    return (
        f"taken over by {by}, as this process seemed to be dead: it made no sign for more than {lease_s:g} s. {dropped}"
    )
