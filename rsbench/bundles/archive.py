"""The archive of a bundle: written so that equal contents are equal bytes, and read without trust."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from rsbench.datasets.io.plain_file import UnfitFile
from rsbench.datasets.io.zip_archive import Member, members, open_archive, read
from rsbench.errors import RsbenchError
from rsbench.results.folder import CELLS, folder_error

SUFFIX: Final = ".rsbench.zip"
MOST_FILES: Final = 200_000
LONGEST_NAME_BYTES: Final = 255
"""Of a file or folder, as file systems have it."""
LONGEST_PATH_BYTES: Final = 1024
"""Within a bundle: with a temporary folder before it, it stays below the 4,096 of Linux."""
LARGEST_FILE_BYTES: Final = 1 << 30
LARGEST_BYTES: Final = 8 << 30
"""Of all files that are unpacked together."""
MOST_EXPANSION: Final = 200
"""Unpacked bytes for a byte of the archive, beyond the first :data:`FREE_BYTES`: records and samples reach about 30."""
FREE_BYTES: Final = 64 << 20
_BEGIN: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file: the first that a zip can name."""


def pack(folder: Path, target: Path) -> None:
    """Write all files of a folder into one zip; equal files make equal bytes.

    Args:
        folder: of plain files, in folders or not.
        target: the zip; one that is there is replaced when the new one is whole.

    Raises:
        RsbenchError: the zip cannot be written.
    """
    check_target(target)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _BEGIN)
                info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
                info.external_attr = 0o100644 << 16
                with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as member:
                    shutil.copyfileobj(source, member, 1 << 20)
        os.replace(temporary, target)
    except OSError as problem:
        raise folder_error(problem, target.parent) from problem
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_target(target: Path) -> None:
    """Refuse a place where no archive can be written.

    Raises:
        RsbenchError: it is a folder, or the folder that it is in is not there.
    """
    if target.is_dir():
        raise RsbenchError(f"{target} is a folder: name a file with --out, such as {target / f'results{SUFFIX}'}.")
    if not target.parent.is_dir():
        raise RsbenchError(f"There is no folder {target.parent} to write {target.name} to: make it first.")


def unpack(archive: Path, folder: Path) -> None:
    """Write the cells of a bundle into an empty folder; its report and other files stay in the archive.

    Args:
        archive: a zip from anywhere. Nothing in it is trusted.
        folder: an empty one.

    Raises:
        RsbenchError: no zip, no bundle, names that lead out of the folder, links, or more than a bundle can hold.
        OSError: the folder cannot be written.
    """
    with open_archive(archive) as opened:
        _check_names(archive, opened.namelist())
        files = [member for member in members(opened) if not member.is_folder]
        _check(archive, files)
        for member in _of_cells(files):
            target = folder / member.name
            try:
                data = read(opened, member, LARGEST_FILE_BYTES)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as stream:
                    stream.write(data)
            except (UnfitFile, FileExistsError, NotADirectoryError) as problem:
                raise RsbenchError(f"{archive} holds {member.name!r}, which cannot be read ({problem}).") from problem


def _check_names(archive: Path, names: list[str]) -> None:
    """Refuse an archive whose files would not all find a place of their own."""
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise RsbenchError(f"{archive} holds two files named {_short(twice)}, which no bundle does.")
    above = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    for name in names:
        if not name.endswith("/") and name in above:
            raise RsbenchError(f"{archive} holds {_short(name)}, which no bundle does (a file and a folder).")
        lengths = [len(part.encode("utf-8", "surrogateescape")) for part in (name, *PurePosixPath(name).parts)]
        if lengths[0] > LONGEST_PATH_BYTES or max(lengths[1:], default=0) > LONGEST_NAME_BYTES:
            raise RsbenchError(f"{archive} holds {_short(name)}, which no bundle does (a name that is too long).")


def _short(name: str) -> str:
    """Return a name for a sentence, its end left out if it is long."""
    return repr(name if len(name) <= 100 else f"{name[:97]}...")


def _check(archive: Path, files: list[Member]) -> None:
    """Refuse an archive that no bundle is, before anything is unpacked."""
    if len(files) > MOST_FILES:
        raise RsbenchError(f"{archive} holds {len(files):,} files, but a bundle has at most {MOST_FILES:,}.")
    for member in files:
        problem = member.name_problem or member.kind_problem or member.coding_problem
        if problem is not None:
            raise RsbenchError(f"{archive} holds {problem} ({member.name!r}), which no bundle does.")
    size, most = sum(member.info.file_size for member in files), archive.stat().st_size * MOST_EXPANSION + FREE_BYTES
    if size > min(most, LARGEST_BYTES):
        raise RsbenchError(
            f"{archive} would unpack to {size:,} bytes, but one of its size may hold {min(most, LARGEST_BYTES):,}."
        )
    if not any(PurePosixPath(member.name).name == "record.json" for member in _of_cells(files)):
        raise RsbenchError(f"{archive} is no bundle, as it holds no cells: `rsbench bundle RESULTS` writes one.")


def _of_cells(files: Iterable[Member]) -> list[Member]:
    return [member for member in files if PurePosixPath(member.name).parts[:1] == (CELLS,)]
