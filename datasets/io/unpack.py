"""Unpack a zip that came from the network, trusting nothing in it."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from rsbench.datasets.io.plain_file import create_plain
from rsbench.datasets.io.zip_archive import Member, members, open_archive, readable_errors, unreadable_archive
from rsbench.errors import RsbenchError

_MAX_EXPANSION = 200
"""Images are compressed already: an archive that grows more than this is an attack, not a data set."""


def unpack(archive: Path, folder: Path, progress: Callable[[int, int], None] | None = None) -> int:
    """Unpack a zip below a folder; files that stand there with the right size are left alone.

    Args:
        archive: the zip.
        folder: every member must come to stand below it.
        progress: called with (members done, members in all).

    Returns:
        The number of files written.

    Raises:
        RsbenchError: a member outside the folder, a link, a damaged archive, too little space. Members are checked
            before the first one is written.
    """
    try:
        with readable_errors(archive), open_archive(archive) as opened:
            wanted = [member for member in members(opened) if not member.junk]
            targets = [_target(member, archive, folder) for member in wanted]
            _check_size(wanted, archive, folder)
            written = 0
            for done, (member, target) in enumerate(zip(wanted, targets, strict=True), start=1):
                written += _extract(opened, member, target)
                if progress is not None:
                    progress(done, len(wanted))
            return written
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free space there" if full else "delete that archive if it is not the official one"
        raise RsbenchError(
            f"{archive} cannot be unpacked into {folder} ({error.strerror or error}): {remedy}, or choose another "
            f"--data-root."
        ) from error


def _target(member: Member, archive: Path, folder: Path) -> Path:
    """Return where a member belongs.

    Raises:
        RsbenchError: for a path outside the folder, a link or device, or a file that cannot be read.
    """
    problem = member.name_problem
    if problem is None and not (folder / member.name).resolve().is_relative_to(folder.resolve()):
        problem = "a path that a link leads outside the folder"
    problem = problem or member.kind_problem
    if problem is not None:
        raise RsbenchError(
            f"{archive} holds {problem} ({member.name!r}), which no data set needs: nothing was unpacked; "
            f"delete that archive."
        )
    if member.coding_problem is not None:
        raise RsbenchError(unreadable_archive(archive, member))
    return folder / member.name


def _check_size(wanted: list[Member], archive: Path, folder: Path) -> None:
    """Refuse what cannot fit on the disk, or what only pretends to be small."""
    size_bytes = sum(member.info.file_size for member in wanted)
    if size_bytes > _MAX_EXPANSION * max(archive.stat().st_size, 1):
        raise RsbenchError(
            f"{archive} would grow to {size_bytes:,} bytes, over {_MAX_EXPANSION} times its size: "
            f"nothing was unpacked; delete that archive."
        )
    folder.mkdir(parents=True, exist_ok=True)
    free_bytes = shutil.disk_usage(folder).free
    if size_bytes > free_bytes:
        raise RsbenchError(
            f"{archive} needs {size_bytes:,} bytes below {folder}, where {free_bytes:,} are free: "
            f"free space there or choose another --data-root (the zip can also be used as it is)."
        )


def _extract(opened: zipfile.ZipFile, member: Member, target: Path) -> int:
    """Write one member atomically; return 1 if it was written.

    Raises:
        zipfile.BadZipFile: the member is shorter than the archive says.
    """
    info = member.info
    if member.is_folder:
        target.mkdir(parents=True, exist_ok=True)
        return 0
    if target.is_file() and target.stat().st_size == info.file_size:
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".part")
    try:
        with opened.open(info) as source, create_plain(temporary) as file:
            shutil.copyfileobj(source, file, 1 << 20)
            if file.tell() != info.file_size:
                raise zipfile.BadZipFile(f"{info.filename!r} is shorter than it should be")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return 1
