"""Claims on a cell: numbered files by which processes of several hosts agree on who runs it, without a server.

Each number is given once, as its file is made only where there is none, and no number is ever given back. The newest
claim counts. Its holder touches it; it is free when its holder has set its time to zero, or makes no sign any more.
Why this is safe stands in ``docs/decisions/0030-claims.md``.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rsbench.errors import RsbenchError
from rsbench.results.folder import refuse_link

LEASE_S: Final = 60.0
"""After so long without a sign from its holder, a claim is free, where it names no other time."""
LONGEST_LEASE_S: Final = 3600.0
_LARGEST_BYTES: Final = 4096
"""Of a claim's file."""
_LONGEST_TEXT: Final = 255
"""Of its fields: no host's name is longer."""
_KINDS: Final[Mapping[str, type]] = {
    "token": str,
    "host": str,
    "boot_id": str,
    "pid": int,
    "since_utc": str,
    "lease_s": float,
    "is_locked": bool,
}
"""What a claim's file tells."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One process's claim on a cell, as its file tells; nothing in it is trusted.

    Attributes:
        number: of the claim; the highest of a cell counts.
        token: what no other claim has; empty where the file tells nothing.
        host: name of the machine.
        boot_id: what tells one start of a machine from another; empty where the system does not tell.
        pid: process id on that machine.
        since_utc: when the cell was claimed, by that machine's clock.
        lease_s: seconds without a sign after which the claim is free.
        is_locked: whether the process holds the cell's lock too, which frees when it dies.
        touched_ns: when its holder last made a sign, by the file server's clock; 0 once it was released.
    """

    number: int
    token: str = ""
    host: str = ""
    boot_id: str = ""
    pid: int = 0
    since_utc: str = ""
    lease_s: float = LEASE_S
    is_locked: bool = False
    touched_ns: int = 0

    @property
    def is_released(self) -> bool:
        """Whether its holder has given the cell back."""
        return self.touched_ns == 0

    @property
    def holder(self) -> str:
        """Who made it, in words: ``host a, process 123``."""
        return f"host {self.host}, process {self.pid}" if self.host else "whose claim cannot be read"

    @property
    def last_sign_utc(self) -> str:
        """When its holder last made a sign, such as ``2026-01-31T12:00:00Z``, by the file server's clock."""
        try:
            return datetime.fromtimestamp(self.touched_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (OverflowError, ValueError, OSError):  # a time that no calendar has
            return "unknown"

    def shares_machine_with(self, other: Claim) -> bool:
        """Tell whether both are of one machine since its last start, so that a lock tells of the other's life."""
        return bool(self.boot_id) and (self.host, self.boot_id) == (other.host, other.boot_id)


def newest(folder: Path) -> Claim | None:
    """Return the claim that counts, None where there is none.

    Args:
        folder: of a cell's claims.

    Raises:
        RsbenchError: it is a link, which is never read.
        OSError: it cannot be read.
    """
    number = max(_numbers(folder), default=0)
    return _read(folder, number) if number else None


def make(folder: Path, claim: Claim) -> bool:
    """Write a claim; return whether its number was still free.

    Raises:
        RsbenchError: a link stands where the folder belongs.
        OSError: it cannot be written.
    """
    refuse_link(folder)
    folder.mkdir(exist_ok=True)
    told = {name: getattr(claim, name) for name in _KINDS}
    try:
        file = os.open(folder / str(claim.number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    except FileExistsError:
        return False
    try:
        os.write(file, json.dumps(told).encode())
        os.fsync(file)
    except OSError:  # the disk may be full: nobody is to wait for this claim
        with suppress(OSError):
            release(folder, claim.number)
        raise
    finally:
        os.close(file)
    return True


def touch(folder: Path, number: int) -> None:
    """Make a sign of life: the file server sets the claim's time by its own clock.

    Raises:
        OSError: the claim is not there, or its server does not answer.
    """
    os.utime(folder / str(number), follow_symlinks=False)


def release(folder: Path, number: int) -> None:
    """Give a claim back; its number is not given again.

    Raises:
        OSError: as for :func:`touch`.
    """
    os.utime(folder / str(number), ns=(0, 0), follow_symlinks=False)


def server_now_ns(folder: Path) -> int:
    """Return the time by the clock of the file server: that of a file which is written now.

    Raises:
        OSError: nothing can be written.
    """
    path = folder / f".now-{secrets.token_hex(6)}"
    try:
        with path.open("xb") as stream:
            stream.write(b"now")
            stream.flush()
            return os.fstat(stream.fileno()).st_mtime_ns
    finally:
        with suppress(OSError):
            path.unlink()


def boot_id() -> str:
    """Return what tells this start of this machine from others, empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


@dataclass(frozen=True, kw_only=True)
class _Sign:
    """A sign of life as this process saw it.

    Attributes:
        claim: the claim, with the time of the sign.
        seen: when this process saw it first, by its own clock in seconds.
        age_s: how old it was then, by the file server's clock.
        is_second: whether an earlier sign of the same claim was seen before.
    """

    claim: Claim
    seen: float
    age_s: float
    is_second: bool


class Watch:
    """What one process has seen of others' claims.

    Args:
        clock: seconds that only grow, of this process alone.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._signs: dict[Path, _Sign] = {}

    def look(self, folder: Path, claim: Claim) -> None:
        """Take note of a claim as it is now.

        Raises:
            OSError: the file server's time cannot be asked.
        """
        before = self._signs.get(folder)
        if before is not None and before.claim == claim:
            return
        is_second = before is not None and before.claim.token == claim.token
        age_s = max(0.0, (server_now_ns(folder) - claim.touched_ns) / 1e9)
        self._signs[folder] = _Sign(claim=claim, seen=self._clock(), age_s=age_s, is_second=is_second)

    def silent_s(self, folder: Path) -> float:
        """Return for how long the holder of the claim that was looked at has made no sign, in seconds."""
        sign = self._signs[folder]
        return sign.age_s + self._clock() - sign.seen

    def is_alive(self, folder: Path) -> bool:
        """Tell whether a new sign of the holder came while this process looked."""
        return self._signs[folder].is_second and not self.is_expired(folder)

    def is_silent(self, folder: Path) -> bool:
        """Tell whether some beats of the holder are missing."""
        return self.silent_s(folder) > self._signs[folder].claim.lease_s / 4

    def is_expired(self, folder: Path) -> bool:
        """Tell whether the lease is over.

        A file server that was away for longer lets all claims look old for a moment. So this process must have seen
        for some beats of the holder that none comes.
        """
        sign = self._signs[folder]
        seen_s = self._clock() - sign.seen
        return sign.age_s + seen_s >= sign.claim.lease_s and seen_s >= sign.claim.lease_s / 6


def _numbers(folder: Path) -> list[int]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [int(name) for name in names if name.isascii() and name.isdecimal() and name[0] != "0" and len(name) < 16]


def _read(folder: Path, number: int) -> Claim:
    """Return a claim; what is no plain file of a claim has nothing but a time."""
    path = folder / str(number)
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # opened, as a server's times may be cached
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            raise RsbenchError(f"{path} is a link, and no claim is read through links: remove it.") from problem
        raise
    try:
        found = os.fstat(file)
        content = os.read(file, _LARGEST_BYTES + 1) if stat.S_ISREG(found.st_mode) else b""
    finally:
        os.close(file)
    return Claim(number=number, touched_ns=found.st_mtime_ns, **_told(content))


def _told(content: bytes) -> dict[str, Any]:
    """Return what a claim's file tells, nothing where any of it is not of a claim."""
    if len(content) > _LARGEST_BYTES:
        return {}
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict) or any(type(told.get(name)) is not kind for name, kind in _KINDS.items()):
        return {}
    is_possible = told["token"] and 0 < told["lease_s"] <= LONGEST_LEASE_S and 0 < told["pid"] < 1 << 31
    texts = [told[name] for name, kind in _KINDS.items() if kind is str]
    if not is_possible or any(len(text) > _LONGEST_TEXT or not text.isprintable() for text in texts):
        return {}
    return {name: told[name] for name in _KINDS}
