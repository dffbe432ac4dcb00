"""The folder of one timing: the files of a cell's folder that launching needs, and one more."""

from __future__ import annotations

from pathlib import Path

from rsbench.results.folder import CellFolder


class BenchFolder(CellFolder):
    """The folder of one timing.

    Attributes:
        times: what was measured, as JSON.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.times = path / "times.json"
