"""One run of a command that is to be hit: its processes, how far it is, and its end."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from injection.cells import Cell, Site
from rsbench.measure.heartbeat import _MARK

MARK = "RSBENCH_TEST_RUN"
"""Environment variable that all processes of a run inherit, whatever session they move to."""
END_S, STEP_S = 240.0, 240.0
TAIL_BYTES = 16_384
_STEP = re.compile(rb'"kind": "step", "step": (\d+)')
_PHASE = re.compile(rb'"phase": "(\w+)"')


class Run:
    """The command in a session of its own.

    Args:
        cell: what it runs.
        site: where.
        words: options of this run alone.
        inside: what stands before the command, such as ``ip netns exec``.
    """

    def __init__(self, cell: Cell, site: Site, words: Sequence[str] = (), inside: Sequence[str] = ()) -> None:
        self.cell, self.site, self.mark = cell, site, secrets.token_hex(8)
        self._started = time.time()
        self._log = site.place / f"said-{self.mark}.log"
        site.temporary.mkdir(parents=True, exist_ok=True)
        command = [*inside, sys.executable, "-m", "rsbench", *cell.command]
        command += ["--out", str(site.out), "--data-root", str(site.data), *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "RSBENCH_CACHE": str(site.cache), MARK: self.mark}
        environment["TMPDIR"] = str(site.temporary)
        with self._log.open("w") as log:
            self.parent = subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, cwd=site.place, start_new_session=True
            )

    def said(self) -> str:
        """Return what it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> list[psutil.Process]:
        """Return its processes that are alive, in whatever session."""
        return [one for one in psutil.process_iter() if _carries(one, self.mark)]

    def member(self, who: str) -> psutil.Process:
        """Return the parent or a rank, ``rank 1``."""
        parent = psutil.Process(self.parent.pid)
        if who == "parent":
            return parent
        return next(one for one in parent.children(recursive=True) if one.environ().get("RANK") == who.split()[1])

    def where(self, rank: int) -> str:
        """Return what a rank was about to do when it last gave a sign of life."""
        for path in self.site.temporary.glob("rsbench-workers-*/heartbeats"):
            marks = path.read_bytes()
            if len(marks) >= (rank + 1) * _MARK.size:
                return str(_MARK.unpack_from(marks, rank * _MARK.size)[2].rstrip(b"\0").decode())
        return "?"

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something that must happen while the command runs."""
        deadline = time.monotonic() + STEP_S
        while not holds():
            assert self.parent.poll() is None, f"it ended before {what}:\n{self.said()}"
            assert time.monotonic() < deadline, f"no {what} in {STEP_S:g} s:\n{self.said()}"
            time.sleep(0.001)

    def has_reached(self, mark: int | str) -> bool:
        """Tell whether rank 0 has written a step's line, or begun a phase; ``launch`` is reached at once."""
        if mark == "launch":
            return True
        if isinstance(mark, int):
            return self.steps_done() > mark
        return mark.encode() in _PHASE.findall(self._samples())

    def has_saved(self, step: int) -> bool:
        """Tell whether all ranks have written their checkpoints of a step, or of a later one; all have that of 0."""
        found = [path.parent for path in self.site.found("cells/*/checkpoints/step-*/rank0.json")]
        ranks = range(1, self.cell.workers)
        whole = [path for path in found if all((path / f"rank{rank}.json").is_file() for rank in ranks)]
        return max((int(path.name.removeprefix("step-")) for path in whole), default=0) >= step

    def steps_done(self) -> int:
        """Return how many steps this run, or the one that it goes on from, has written."""
        steps = _STEP.findall(self._samples())
        return 1 + int(steps[-1]) if steps else 0

    def end(self) -> int:
        """Wait for the end of the command, then of all its processes, and return its exit code."""
        code = self.parent.wait(END_S)
        deadline = time.monotonic() + 15
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == [], f"processes are left: {left}"
        return code

    def kill(self) -> None:
        """End everything, whatever state it is in."""
        for one in self.processes():
            one.kill()
        self.parent.kill()
        self.parent.wait()

    def _samples(self) -> bytes:
        """Return the end of what this run wrote last: in a try's folder or, once it has ended, the cell's."""
        newest = max(
            self.site.found("cells/*/samples.jsonl", "cells/*/try-*/samples.jsonl"), key=_written, default=Path()
        )
        return _tail(newest) if _written(newest) >= self._started else b""


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _tail(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return file.read()
    except OSError:
        return b""


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False
