"""The files of a cell's checkpoints: for each step a folder, in it two files a rank. Imports no torch."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from rsbench.atomic import write_atomically
from rsbench.errors import RsbenchError
from rsbench.results.folder import refuse_link, remove

FORMAT: Final = 1
_STEP: Final = re.compile(r"step-([0-9]{8,12})")
_LARGEST_HEADER_BYTES: Final = 1 << 20


class DamagedCheckpointError(Exception):
    """A checkpoint that cannot be used; its text says why, without a full stop."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is known of a rank's checkpoint without reading its tensors.

    Attributes:
        format: of both files.
        step: steps that were done.
        rank: whose it is.
        size_bytes: of the file of tensors.
        sha256: of the file of tensors, in hexadecimal.
        launch: which launch of the workers wrote it, the same on all ranks; ranks go on from one launch's alone.
        facts: of the run: what must be the same where it goes on.
    """

    step: int
    rank: int
    size_bytes: int
    sha256: str
    launch: str
    facts: Mapping[str, Any]
    format: int = FORMAT


class Shelf:
    """The checkpoints of one cell; each rank has its own files, so that ranks of several machines may share a folder.

    A rank's header is written after its tensors: where it stands, they are whole, or somebody damaged them.

    Args:
        folder: of the cell's checkpoints, which need not exist.

    Raises:
        RsbenchError: a link stands there.
    """

    def __init__(self, folder: Path) -> None:
        refuse_link(folder)
        self.folder = folder

    def tensors(self, step: int, rank: int) -> Path:
        """Return the file of a rank's tensors."""
        return self._of(step) / f"rank{rank}.pt"

    def _header(self, step: int, rank: int) -> Path:
        return self._of(step) / f"rank{rank}.json"

    def _of(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}"

    def steps(self, rank: int) -> list[int]:
        """Return the steps of which a rank has a checkpoint, damaged or not, the newest first."""
        found = [step for step in self._steps() if self._header(step, rank).is_file()]
        return sorted(found, reverse=True)

    def newest(self, ranks: int) -> int | None:
        """Return the newest step of which all of so many ranks have a checkpoint here, damaged or not."""
        of_all = set(self.steps(0)).intersection(*(self.steps(rank) for rank in range(1, ranks)))
        return max(of_all, default=None)

    def _steps(self) -> list[int]:
        """Return the steps that have a folder."""
        try:
            names = [path.name for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()]
        except OSError:
            return []
        return [int(match[1]) for match in map(_STEP.fullmatch, names) if match]

    def write_header(self, header: Header) -> None:
        """Write a rank's header, which makes its checkpoint one.

        Raises:
            OSError: it cannot be written.
        """
        write_atomically(self._header(header.step, header.rank), json.dumps(asdict(header), indent=1) + "\n")
        sync_folder(self._of(header.step))
        sync_folder(self.folder)

    def read_header(self, step: int, rank: int) -> Header:
        """Return a rank's header.

        Raises:
            DamagedCheckpointError: it is none, or of another format.
        """
        try:
            path = self._header(step, rank)
            with path.open("rb") as stream:
                content = json.loads(stream.read(_LARGEST_HEADER_BYTES))
            header = Header(**{field.name: content[field.name] for field in fields(Header)})
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise DamagedCheckpointError(f"{path} is no header of a checkpoint") from error
        if header.format != FORMAT:
            raise DamagedCheckpointError(f"{path} has format {header.format!r}, and this version reads {FORMAT}")
        if (header.step, header.rank) != (step, rank) or not isinstance(header.facts, dict):
            raise DamagedCheckpointError(f"{path} is the header of another checkpoint")
        return header

    def prune(self, rank: int, kept: Collection[int]) -> None:
        """Delete a rank's checkpoints that are older than the newest of some, but those; what cannot be deleted stays.

        Newer ones are not this run's: another process may have taken the cell over, and gone on further.
        """
        for step in self._steps():
            if step in kept or step > max(kept, default=0):
                continue
            with suppress(OSError):
                for path in (self._header(step, rank), self.tensors(step, rank)):  # in this order: see the class
                    remove(path)
                for path in self._of(step).glob(f".rank{rank}.*.tmp"):
                    remove(path)
                self._of(step).rmdir()  # once no rank has files there


def refuse_other_run(saved: Mapping[str, Any], mine: Mapping[str, Any], *, but: Collection[str], place: Path) -> None:
    """Refuse to go on with a checkpoint of something else.

    Args:
        saved: facts of the run that was saved.
        mine: facts of the run that is to go on.
        but: facts that may differ.
        place: of the checkpoint, for the sentence.

    Raises:
        RsbenchError: some facts differ; it names them all.
    """
    names = [name for name in {**mine, **saved} if name not in but and saved.get(name) != mine.get(name)]
    if names:
        differences = ", ".join(f"{name} ({saved.get(name)!r} there, {mine.get(name)!r} here)" for name in names)
        reset = " --reset-compressor goes on without the compressor's state, or" if names == _RESETTABLE else ""
        raise RsbenchError(
            f"The checkpoint in {place} is of another run, with another {differences}:{reset} remove that "
            "folder to begin anew."
        )


_RESETTABLE: Final = ["compressor"]


def sync_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk; a file system that cannot do that is left alone."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
