"""Raw samples of a run, written as they come: JSON lines, and loggers where asked for."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rsbench.loggers.base import RunFacts
from rsbench.loggers.guarded import GuardedLoggers, numbers

_encode: Final = json.JSONEncoder(allow_nan=False).encode


class RunLog:
    """Appends raw samples on rank 0, flushed line by line; other ranks write nothing.

    Args:
        file: one JSON object a line; None on other ranks.
        loggers: name of a logger -> what it is told of the cell; loggers get all numbers, too.
    """

    def __init__(self, file: Path | None, *, loggers: Mapping[str, RunFacts] | None = None) -> None:
        self._file = None if file is None else file.open("w", encoding="utf-8")
        self._packer, self._packed = zlib.compressobj(1), bytearray()
        self._loggers = GuardedLoggers({} if file is None else loggers or {})
        self._result: dict[str, float] | None = None
        self._warn_all(self._loggers.begin())

    def finish(self, record: Mapping[str, Any]) -> None:
        """Keep the numbers of a finished cell for the loggers, which get them at the end.

        Args:
            record: of the cell; scores of the test set and mean traffic are taken from it.
        """
        accuracy = record["accuracy"] or {}
        self._result = {**numbers("test", accuracy.get("test") or {}), **numbers("traffic", record["traffic"])}

    def close(self) -> None:
        """End the loggers and the file."""
        self._warn_all(self._loggers.end(self._result))
        if self._file is not None:
            self._file.close()

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append one line; numbers that are not finite become null."""
        if self._file is None:
            return
        known = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
        self._append(_encode({"kind": kind, **known}) + "\n")
        self._warn_all(self._loggers.write(kind, known))

    def warn(self, text: str) -> None:
        """Append a sentence that the user is shown."""
        self.write("warning", {"text": text})

    def _warn_all(self, problems: Sequence[str]) -> None:
        """Append a warning for each logger that failed."""
        for problem in problems:
            self.warn(problem)

    def _append(self, lines: str) -> None:
        """Write whole lines, and keep them for checkpoints."""
        assert self._file is not None
        self._file.write(lines)
        self._file.flush()
        self._packed += self._packer.compress(lines.encode())

    # --- checkpoints --------------------------------------------------------------------------------------------

    def so_far(self) -> bytes:
        """Return all lines so far, compressed; of other ranks nothing."""
        if self._file is None:
            return b""
        self._packed += self._packer.flush(zlib.Z_SYNC_FLUSH)
        return bytes(self._packed)

    def restore(self, packed: bytes) -> None:
        """Begin anew with the lines that :meth:`so_far` gave, and end with those that were written before this call.

        Raises:
            ValueError: they are no such lines.
        """
        if self._file is None:
            return
        text = zlib.decompressobj().decompress(packed).decode()
        self._file.truncate(0)
        self._file.seek(0)
        self._packer, self._packed = zlib.compressobj(1), bytearray()
        self._append(text)
        for values in map(json.loads, text.splitlines()):
            self._warn_all(self._loggers.write(values.pop("kind"), values))
