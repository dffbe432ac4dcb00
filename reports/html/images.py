"""Pictures that runs wrote, as data addresses that a page can hold."""

from __future__ import annotations

import base64
from pathlib import Path

MOST_BYTES = 4_000_000
"""Of all pictures of one page together."""
_PNG = b"\x89PNG\r\n\x1a\n"


class Album:
    """Reads PNG files until their bytes are used up. A file that is asked for twice counts once."""

    def __init__(self, budget_bytes: int = MOST_BYTES) -> None:
        self._left = budget_bytes
        self._sources: dict[Path, str] = {}

    def source(self, path: Path) -> str:
        """Return a picture as ``data:image/png;base64,...``.

        Args:
            path: of a PNG file.

        Returns:
            An empty text when it is missing, no PNG file, or larger than what is left of the budget.
        """
        if path not in self._sources:
            data = self._read(path)
            self._left -= len(data)
            self._sources[path] = f"data:image/png;base64,{base64.b64encode(data).decode()}" if data else ""
        return self._sources[path]

    def _read(self, path: Path) -> bytes:
        """Return the file's bytes, none where it cannot be used."""
        try:
            if not path.is_file() or path.stat().st_size > self._left:
                return b""
            data = path.read_bytes()
        except (OSError, ValueError):
            return b""
        return data if data.startswith(_PNG) else b""
