"""A zip that came from the network, trusting nothing in it: its members, their names, and what is wrong with them."""

from __future__ import annotations

import contextlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rsbench.datasets.io.plain_file import UnfitFile, require_plain, size_problem
from rsbench.errors import RsbenchError

MAX_ARCHIVE_BYTES = 256 * 2**30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that are read. Others are rare, and Python's readers of bzip2 and LZMA know no limit to what comes out."""
_METHOD_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES encryption"}
_ENCRYPTED, _PATCHED, _UTF8 = 0x1, 0x20, 0x800
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    struct.error,
)
"""What Python's reader was seen to raise on damaged archives."""
JUNK = frozenset(
    {"__macosx", "@eadir", "#recycle", "@recycle", "$recycle.bin", "system volume information", "lost+found"}
)
"""Folders that file managers and network drives leave behind, in lower case."""


def is_junk(name: str) -> bool:
    """Tell what no user put there: hidden files (``._x.jpg`` of macOS), and folders that systems leave behind."""
    return name.startswith(".") or name.casefold() in JUNK


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file or folder inside a zip."""

    info: zipfile.ZipInfo
    name: str
    """As its bytes stand in the archive, read like the names of files on disk."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; ``ZipInfo.is_dir`` fails on an empty name."""
        return self.name.endswith("/")

    @property
    def junk(self) -> bool:
        """Whether it, or a folder that it stands in, is what no user put there."""
        return any(is_junk(part) for part in PurePosixPath(self.name).parts if part not in (".", ".."))

    @property
    def name_problem(self) -> str | None:
        """Why its name is refused, None for a good one."""
        path = PurePosixPath(self.name)
        if not path.parts and not self.is_folder:
            return "a file without a name"
        outside = path.is_absolute() or ".." in path.parts or re.search(r"[\\:\0]", self.name)
        return "a path outside the folder" if outside else None

    @property
    def kind_problem(self) -> str | None:
        """Why it is no plain file or folder, None if it is one."""
        kind = stat.S_IFMT(self.info.external_attr >> 16)
        return None if kind in (0, stat.S_IFREG, stat.S_IFDIR) else "a link or device"

    @property
    def coding_problem(self) -> str | None:
        """Why its bytes cannot be read, None if they can."""
        method = self.info.compress_type
        if self.info.flag_bits & _ENCRYPTED:
            return "an encrypted file"
        if method not in _METHODS or self.info.flag_bits & _PATCHED:
            known = f" ({_METHOD_NAMES[method]})" if method in _METHOD_NAMES else ""
            return f"a file compressed with method {method}{known}, which rsbench does not read"
        return None


@contextlib.contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn what Python's reader raises on damaged archives into one sentence.

    Raises:
        RsbenchError: with that sentence.
    """
    try:
        yield
    except _ZIP_ERRORS as error:
        raise RsbenchError(f"{path} is damaged ({_in_short(error)}): delete it and fetch it again.") from error


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip; it stays open until it is closed or let go.

    Raises:
        RsbenchError: it is no whole zip.
    """
    try:
        require_plain(path, MAX_ARCHIVE_BYTES)
        return zipfile.ZipFile(path)
    except (OSError, *_ZIP_ERRORS) as error:
        reason = _in_short(error)
        raise RsbenchError(f"{path} is not a whole zip archive ({reason}): delete it and download it again.") from error


def members(archive: zipfile.ZipFile) -> list[Member]:
    """Return what a zip holds, in its order; of two members with one name the later, as in an archive added to."""
    listed = {name: Member(info=info, name=name) for info in archive.infolist() for name in [_name(info)]}
    return list(listed.values())


def read(archive: zipfile.ZipFile, member: Member, max_bytes: int) -> bytes:
    """Return the bytes of one member.

    Args:
        archive: the zip.
        member: one of its members.
        max_bytes: the largest size that is read.

    Raises:
        UnfitFile: the member is too large, or the archive is damaged there.
        OSError: the archive cannot be read.
    """
    problem = size_problem(member.info.file_size, max_bytes) or member.coding_problem
    if problem is not None:
        raise UnfitFile(problem)
    try:
        with archive.open(member.info) as file:
            data = file.read(member.info.file_size + 1)
    except _ZIP_ERRORS as error:
        raise UnfitFile(f"the archive is damaged: {_in_short(error)}") from error
    if len(data) != member.info.file_size:
        raise UnfitFile(f"the archive is damaged: {len(data):,} of {member.info.file_size:,} bytes are there")
    return data


def unreadable_archive(archive: Path, member: Member) -> str:
    """Return the sentence for an archive with a member that is encrypted or compressed in a way that is not read."""
    return (
        f"{archive} holds {member.coding_problem} ({member.name!r}): delete that archive and fetch the official one, "
        f'or unpack it there yourself ("7z x {archive.name}") and move it away.'
    )


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name as its bytes read on disk; zipfile takes what is not marked as UTF-8 for code page 437.

    Most such names are UTF-8 all the same, or of a code page that nobody knows (GBK): their bytes are kept.
    """
    raw = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
    return raw.decode("utf-8", "surrogateescape")


def _in_short(error: Exception) -> str:
    """Return an error's words on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
