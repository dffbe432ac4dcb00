"""The folder of one timing: the files of a cell's folder that launching needs, and two more."""

from __future__ import annotations

from pathlib import Path

from rsbench.results.folder import CellFolder


class BenchFolder(CellFolder):
    """The folder of one timing.

    Attributes:
        progress: names of methods, one a line, as each is done.
        times: what was measured, as JSON.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.progress, self.times = path / "progress", path / "times.json"
