"""Raw samples of a run, written as they come: JSON lines, and TensorBoard's event files where asked for."""

from __future__ import annotations

import importlib.util
import json
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rsbench.errors import RsbenchError

_encode: Final = json.JSONEncoder(allow_nan=False).encode


class RunLog:
    """Appends raw samples on rank 0, flushed line by line; other ranks write nothing.

    Args:
        file: one JSON object a line; None on other ranks.
        events: folder for event files, which are written too; None writes none.
    """

    def __init__(self, file: Path | None, *, events: Path | None = None) -> None:
        self._file = None if file is None else file.open("w", encoding="utf-8")
        self._packer, self._packed = zlib.compressobj(1), bytearray()
        self._events = None if file is None or events is None else Events(events)

    def close(self) -> None:
        """End the files."""
        if self._file is not None:
            self._file.close()
        if self._events is not None:
            self._events.close()

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append one line; numbers that are not finite become null."""
        if self._file is None:
            return
        known = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
        self._append(_encode({"kind": kind, **known}) + "\n")
        if self._events is not None:
            self._events.write(kind, known)

    def warn(self, text: str) -> None:
        """Append a sentence that the user is shown."""
        self.write("warning", {"text": text})

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
        if self._events is not None:
            for values in map(json.loads, text.splitlines()):
                self._events.write(values.pop("kind"), values)


class Events:
    """The numbers of steps and epochs as TensorBoard scalars, ``step/loss`` or ``epoch/oa``, against the step.

    Args:
        folder: for the event files.
    """

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter  # late: an extra, and start-up

        self._writer = SummaryWriter(str(folder))
        self._step = 0

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Add the numbers of a step or an epoch; what is no number is left out."""
        self._step = int(values.get("step", self._step))
        for name, value in values.items():
            if kind in ("step", "epoch") and isinstance(value, int | float) and not isinstance(value, bool):
                self._writer.add_scalar(f"{kind}/{name}", value, self._step)
        if kind != "step":
            self._writer.flush()

    def close(self) -> None:
        """End the file."""
        self._writer.close()


def check_tensorboard() -> None:
    """Refuse to begin without the package that writes event files.

    Raises:
        RsbenchError: it is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise RsbenchError(
            "--tensorboard needs the package tensorboard, which is not installed: pip install 'rsbench[tensorboard]'."
        )
