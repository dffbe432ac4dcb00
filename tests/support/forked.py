"""Ranks that start in milliseconds: forks of one process that has imported torch and the compressors already."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).parents[1] / "programs"


@dataclass(frozen=True)
class Process:
    """A process that is asked for.

    Attributes:
        argv: the program, of ``tests/programs``, and its arguments.
        output: file for what it prints on either stream.
        env: variables beside those of the tests.
    """

    argv: Sequence[str]
    output: Path
    env: dict[str, str] = field(default_factory=dict)


class Forks:
    """A process of ``tests/programs/fork_ranks.py``, started when it is first needed."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def run(self, processes: Sequence[Process], limit_s: float = 280) -> list[str]:
        """Run processes beside each other, and return what each printed.

        Raises:
            AssertionError: one failed, with the end of what it printed, or they did not end in time.
        """
        server = self._started()
        order = [
            {"argv": [str(PROGRAMS / one.argv[0]), *one.argv[1:]], "output": str(one.output), "env": one.env}
            for one in processes
        ]
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        if not select.select([server.stdout], [], [], limit_s)[0]:
            self.close()
            raise AssertionError(f"not done within {limit_s:g} s: {[_end(one) for one in processes]}")
        statuses = json.loads(server.stdout.readline())
        for one, status in zip(processes, statuses, strict=True):
            assert status == 0, f"{one.argv} ended with {status}: {_end(one)}"
        return [one.output.read_text() for one in processes]

    def _started(self) -> subprocess.Popen[str]:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, PROGRAMS / "fork_ranks.py"], env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            )  # fmt: skip
        return self._server

    def close(self) -> None:
        """End the process and whatever it forked."""
        if self._server is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.communicate()
            self._server = None


def _end(process: Process) -> str:
    return process.output.read_text()[-3000:] if process.output.exists() else "it printed nothing"


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """Yield one that ends with the block."""
    one = Forks()
    try:
        yield one
    finally:
        one.close()
