"""Unpack a zip that came from the network, trusting nothing in it."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from rsbench.errors import RsbenchError

_MAX_EXPANSION = 200
"""Images are compressed already: an archive that grows more than this is an attack, not a data set."""
_ENCRYPTED = 0x1


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
        with zipfile.ZipFile(archive) as opened:
            members = [info for info in opened.infolist() if "__MACOSX" not in info.filename]
            targets = [_target(info, archive, folder) for info in members]
            _check_size(members, archive, folder)
            written = 0
            for done, (info, target) in enumerate(zip(members, targets, strict=True), start=1):
                written += _extract(opened, info, target)
                if progress is not None:
                    progress(done, len(members))
            return written
    except zipfile.BadZipFile as error:
        raise RsbenchError(f"{archive} is damaged ({error}): delete it and fetch it again.") from error
    except OSError as error:
        raise RsbenchError(
            f"{archive} cannot be unpacked into {folder} ({error.strerror or error}): free space there or choose "
            f"another --data-root."
        ) from error


def _target(info: zipfile.ZipInfo, archive: Path, folder: Path) -> Path:
    """Return where a member belongs.

    Raises:
        RsbenchError: for a path outside the folder, a link or device, or an encrypted member.
    """
    name = info.orig_filename  # as it stands in the archive, before zipfile cleans it
    path = PurePosixPath(name)
    kind = stat.S_IFMT(info.external_attr >> 16)
    target = folder / path
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        problem = "a path outside the folder"
    elif not target.resolve().is_relative_to(folder.resolve()):
        problem = "a path that a link leads outside the folder"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "a link or device"
    elif info.flag_bits & _ENCRYPTED:
        problem = "an encrypted file"
    else:
        return target
    raise RsbenchError(
        f"{archive} holds {problem} ({name!r}), which no data set needs: nothing was unpacked; delete that archive."
    )


def _check_size(members: list[zipfile.ZipInfo], archive: Path, folder: Path) -> None:
    """Refuse what cannot fit on the disk, or what only pretends to be small."""
    size_bytes = sum(info.file_size for info in members)
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


def _extract(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> int:
    """Write one member atomically; return 1 if it was written."""
    if info.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    if target.is_file() and target.stat().st_size == info.file_size:
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".part")
    with opened.open(info) as source, temporary.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    os.replace(temporary, target)
    return 1
