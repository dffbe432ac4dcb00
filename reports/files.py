"""Writing a report's file: whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from rsbench.results.folder import folder_error


def write_text(path: Path, text: str) -> Path:
    """Write a text as UTF-8 with its line ends as they stand, replacing what was there in one go.

    Half a surrogate pair, which a record may hold and UTF-8 cannot, is written as its escape, as JSON does.

    Args:
        path: the file; its folder is made if it is missing.
        text: all of it.

    Returns:
        The path.

    Raises:
        RsbenchError: when the folder is read-only or its disk full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise folder_error(problem, path.parent) from problem
    return path
