"""The files of a result folder, and what is said when it cannot be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    pass


def check_writable(out: Path) -> None:
    """Refuse a result folder that cannot be written, before any work.

    Raises:
        RsbenchError: read-only, full, or a file in the way.
    """
    probe = out / "cells" / f".write-test.{os.getpid()}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"rsbench")
        probe.unlink()
    except OSError as error:
        raise folder_error(error, out) from error


RECORD_NAME = "record.json"


JOB_NAME = "job.json"


def folder_error(problem: OSError, folder: Path) -> RsbenchError:
    """Return the sentence for an ``OSError`` met while writing below ``folder``."""
    remedies = {
        errno.ENOSPC: "the disk is full; free some space or choose another folder with --out",
        errno.EDQUOT: "your disk quota is used up; free some space or choose another folder with --out",
        errno.EROFS: "it is on a read-only file system; choose another folder with --out",
        errno.EACCES: "you may not write there; choose another folder with --out or change its permissions",
        errno.EPERM: "you may not write there; choose another folder with --out or change its permissions",
        errno.ENOTDIR: "a part of that path is a file; choose another folder with --out",
        errno.EEXIST: "a file of that name is in the way; choose another folder with --out",
    }
    reason = remedies.get(problem.errno or 0, f"{problem.strerror or problem}; choose another folder with --out")
    return RsbenchError(f"Cannot write results to {folder}: {reason}.")
