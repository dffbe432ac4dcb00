"""Writes a rank's checkpoints beside training, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from rsbench.checkpoints.shelf import Header, Shelf
from rsbench.checkpoints.tensor_file import write_tensors


class Writer:
    """One rank's writer.

    Args:
        shelf: where checkpoints stand.
        rank: whose they are.
        facts: of the run, for the headers.
        launch: of the workers, for the headers.

    Attributes:
        whole: the steps of checkpoints that were written whole, or that the run went on from, and not pruned since.
        problem: why the last one could not be written; None where it could.
    """

    def __init__(self, shelf: Shelf, rank: int, facts: Mapping[str, Any], launch: str) -> None:
        self._shelf, self._rank, self._facts, self._launch = shelf, rank, facts, launch
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._under_way: tuple[int, Future[None]] | None = None
        self.whole: set[int] = set()
        self.problem: OSError | None = None

    def begin(self, step: int, state: Any, *, kept: set[int]) -> None:
        """Begin to write; the one before must have been waited for.

        Args:
            step: steps that are done.
            state: nested dicts and lists of tensors on the CPU, numbers and texts; nobody changes them any more.
            kept: what is older than the newest of these is deleted first, but these.
        """
        assert self._under_way is None
        self.whole &= kept
        self._under_way = step, self._thread.submit(self._write, step, state, kept)

    def wait(self) -> None:
        """Wait until nothing is under way; the attributes say what became of it."""
        if self._under_way is None:
            return
        (step, written), self._under_way = self._under_way, None
        try:
            written.result()
        except OSError as problem:
            self.problem = problem
        else:
            self.whole.add(step)
            self.problem = None

    def close(self) -> None:
        """Wait, and end the thread."""
        self.wait()
        self._thread.shutdown()

    def _write(self, step: int, state: Any, kept: set[int]) -> None:
        self._shelf.prune(self._rank, kept)
        size_bytes, sha256 = write_tensors(self._shelf.tensors(step, self._rank), state)
        facts, launch = self._facts, self._launch
        header = Header(step=step, rank=self._rank, size_bytes=size_bytes, sha256=sha256, launch=launch, facts=facts)
        self._shelf.write_header(header)
