"""Small deterministic cells to be hit, and the folders that one of them writes to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from rsbench.results.folder import CELLS, CellFolder

SMALL = ("--image-size", "16", "--batch-size", "4", "--model", "smallvgg")


@dataclass(frozen=True)
class Cell:
    """One cell, as words of ``rsbench compare``.

    Attributes:
        name: in the lines that are printed.
        words: what makes it that cell.
        steps: that it trains.
        workers: that train it.
    """

    name: str
    words: tuple[str, ...]
    steps: int = 200
    workers: int = 2

    @classmethod
    def of_scenes(cls, compressor: str, *words: str, name: str = "", steps: int = 200, workers: int = 2) -> Cell:
        """Return a cell of the smallest network on drawn scenes."""
        words = ("--dataset", "synthetic", *SMALL, "--compressor", compressor, *words)
        return cls(name or compressor, words, steps, workers)

    @property
    def command(self) -> list[str]:
        """The words after ``rsbench``, all but where results go."""
        size = ["--workers", str(self.workers), "--max-steps", str(self.steps)]
        return ["compare", *self.words, *size, "--device", "cpu", "--keep-weights"]


@dataclass(frozen=True)
class Site:
    """The folders of one case.

    Attributes:
        place: for results and temporary files.
        shared: caches and data, which cases may share.
    """

    place: Path
    shared: Path

    @property
    def out(self) -> Path:
        """The result folder."""
        return self.place / "out"

    @property
    def temporary(self) -> Path:
        """Where its processes make temporary files."""
        return self.place / "tmp"

    @property
    def cache(self) -> Path:
        """What data sets are decoded into."""
        return self.shared / "cache"

    @property
    def data(self) -> Path:
        """Where data sets stand."""
        return self.shared / "data"

    @property
    def folder(self) -> CellFolder:
        """The folder of its only cell."""
        (path,) = (self.out / CELLS).iterdir()
        return CellFolder(path)

    def found(self, *patterns: str) -> list[Path]:
        """Return what there is in the result folder, parts of which may vanish meanwhile."""
        return [self.out / name for pattern in patterns for name in glob(pattern, root_dir=self.out)]

    def age_temporary_files(self) -> None:
        """Let temporary files look old: a scratch folder is taken for abandoned after a minute."""
        for path in self.temporary.iterdir():
            os.utime(path, (0, 0))

    def files(self) -> list[str]:
        """Return all that stands in the result folder and among temporary files, but claims, which stay by number."""
        found = [path for place in (self.out, self.temporary) for path in place.rglob("*")]
        return sorted(str(path.relative_to(self.place)) for path in found if path.parent.name != ".claims")
