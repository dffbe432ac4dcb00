"""The one way to write a file that another process may read: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write a text as UTF-8, with its line ends as they stand, replacing what was there in one go.

    Half a surrogate pair, which a record may hold and UTF-8 cannot, is written as its escape, as JSON does.

    Args:
        path: the file; its folder is made if it is missing.
        text: all of it.

    Raises:
        OSError: the folder is read-only or its disk full; the old file stands as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")  # no link of that name can stand there
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("x", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
