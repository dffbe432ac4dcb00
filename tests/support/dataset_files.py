"""Files of data sets as they are published: archives, digests, split lists."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def md5(data: bytes) -> str:
    """Return the digest that sources publish."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def write_lists(root: Path, **lists: list[str]) -> None:
    """Write the official split lists of NWPU-45."""
    for part, names in lists.items():
        (root / f"resisc45-{part}.txt").write_text("".join(f"{name}\n" for name in names))
