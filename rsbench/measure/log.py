"""Raw samples of a run, written as they come: JSON lines, and TensorBoard's event files where asked for."""

from __future__ import annotations

import importlib.util
import json
import math
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
        self._file.write(_encode({"kind": kind, **known}) + "\n")
        self._file.flush()
        if self._events is not None:
            self._events.write(kind, known)


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
