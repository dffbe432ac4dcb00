"""The files of a result folder: their names, and what is said when they cannot be written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rsbench.atomic import write_atomically
from rsbench.errors import RsbenchError

CELLS: Final = "cells"
"""The folder of all cells in a result folder."""


class CellFolder:
    """The folder of one cell; the names of its files are spelt here and nowhere else.

    Attributes:
        path: the folder, which need not exist.
        job: what the workers are to do.
        record: the numbers of the cell, or why there are none.
        samples: raw samples, one a line, as rank 0 writes them.
        events: the folder of TensorBoard's event files.
        loggers: the folder of other loggers' files.
        trace: some steps of all ranks, for a trace viewer.
        weights: final weights of a sole network, a plain ``state_dict``; those of several are beside it.
        checkpoints: folder of the checkpoints of tries that are not done, see :mod:`rsbench.checkpoints.shelf`.
        lock: held by the process that runs the cell.
        claims: folder of what tells processes of other hosts so, see :mod:`rsbench.results.claims`.
        arriving: folder of a whole try while its files take their places here, see :mod:`rsbench.results.attempts`.
        failed: folder of the last try that failed beside the numbers of an earlier one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.job, self.record = path / "job.json", path / "record.json"
        self.samples, self.events = path / "samples.jsonl", path / "tensorboard"
        self.trace, self.loggers = path / "trace.json", path / "loggers"
        self.weights, self.checkpoints = path / "weights.pt", path / "checkpoints"
        self.lock, self.claims = path / ".lock", path / ".claims"
        self.arriving, self.failed = path / "arriving", path / "failed"

    @classmethod
    def of(cls, out: Path, name: str) -> CellFolder:
        """Return a cell's folder in a result folder.

        Args:
            out: the result folder.
            name: as :attr:`rsbench.cell.CellSpec.folder_name` gives it; it ends with ``-<key>``.
        """
        return cls(out / CELLS / name)

    @property
    def was_begun(self) -> bool:
        """Whether this is the folder of a cell at all."""
        return os.path.lexists(self.record) or self.job.is_file() or any(self.attempts())

    def attempt(self, token: str) -> CellFolder:
        """Return the folder of one try at this cell."""
        return CellFolder(self.path / f"try-{token}")

    def of_node(self, rank: int | str) -> CellFolder:
        """Return the folder of another node than node 0, which keeps the record, for what its workers read and say."""
        return CellFolder(self.path / f"node{rank}")

    def attempts(self) -> Iterator[CellFolder]:
        """Yield the folders of all tries that have not ended, or whose process was killed."""
        return (CellFolder(path) for path in self.path.glob(self.attempt("*").path.name))

    def of_logger(self, name: str) -> Path:
        """Return the folder for a logger's files; TensorBoard's stands where its users look for it."""
        return self.events if name == self.events.name else self.loggers / re.sub(r"[^\w-]", "_", name)

    def log(self, rank: int | str) -> Path:
        """Return the file for a rank's output."""
        return self.path / f"rank{rank}.log"

    def error(self, rank: int | str) -> Path:
        """Return the file for a rank's exception."""
        return self.path / f"error-rank{rank}.json"

    def weights_of(self, network: str) -> Path:
        """Return the file of one network's final weights; a sole one is called ``""``."""
        return self.path / f"weights-{network}.pt" if network else self.weights

    def logs(self) -> Iterator[Path]:
        """Yield the outputs of all ranks."""
        return self.path.glob(self.log("*").name)

    def errors(self) -> Iterator[Path]:
        """Yield the exceptions of all ranks."""
        return self.path.glob(self.error("*").name)

    def clear_errors(self) -> None:
        """Remove the exceptions of workers that are started again."""
        for file in self.errors():
            remove(file)

    def clear(self) -> None:
        """Remove what an earlier try left beside its record, pictures and weights included; follow no link."""
        alone = (self.job, self.samples, self.events, self.loggers, self.trace)
        made = [file for kind in ("*.png", "weights*.pt", ".*.tmp") for file in self.path.glob(kind)]
        for file in (*alone, *self.logs(), *self.errors(), *made):
            remove(file)


def remove(path: Path) -> None:
    """Delete a file, a folder with all in it, or a link, whose target stays as it is; nothing where nothing stands.

    Raises:
        OSError: it may not be deleted.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def refuse_link(path: Path) -> None:
    """Refuse a link where a file or folder of a result folder stands: what is written there would land elsewhere.

    Raises:
        RsbenchError: it is a link.
    """
    if path.is_symlink():
        raise RsbenchError(
            f"{path} is a link, and nothing is written through links in a result folder: remove the link, or choose "
            "another folder with --out."
        )


def write_file(path: Path, text: str) -> Path:
    """Write a file of a result folder, whole or not at all.

    Args:
        path: the file; its folder is made if it is missing.
        text: all of it.

    Returns:
        The path.

    Raises:
        RsbenchError: the folder is read-only or its disk full.
    """
    try:
        write_atomically(path, text)
    except OSError as problem:
        raise folder_error(problem, path.parent) from problem
    return path


def check_writable(out: Path) -> None:
    """Refuse a result folder that cannot be written, before any work.

    Raises:
        RsbenchError: read-only, full, a file in the way, or a link as the folder of cells.
    """
    refuse_link(out / CELLS)
    try:
        (out / CELLS).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out / CELLS) as stream:  # without a name: nothing is left behind
            stream.write(b"rsbench")
    except OSError as error:
        raise folder_error(error, out) from error


def folder_error(problem: OSError, folder: Path) -> RsbenchError:
    """Return the sentence for an ``OSError`` met while writing below ``folder``."""
    remedies = {
        errno.ENOSPC: "the disk is full; free some space or choose another folder with --out",
        errno.EDQUOT: "your disk quota is used up; free some space or choose another folder with --out",
        errno.EROFS: "it is on a read-only file system; choose another folder with --out",
        errno.EACCES: "you may not write there; choose another folder with --out or change its permissions",
        errno.EPERM: "you may not write there; choose another folder with --out or change its permissions",
        errno.ENOTDIR: "a part of that path is a file; choose another folder with --out",
        errno.EEXIST: "a file of that name is in the way; choose another folder with --out",
    }
    reason = remedies.get(problem.errno or 0, f"{problem.strerror or problem}; choose another folder with --out")
    return RsbenchError(f"Cannot write results to {folder}: {reason}.")
