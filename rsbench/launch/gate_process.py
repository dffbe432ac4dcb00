"""The gate of this node, as the process that opens it sees it: orders go in by one pipe, news come out by another."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rsbench.errors import RsbenchError
from rsbench.parent_death import end_with_parent
from rsbench.planning.devices import TOKEN_VARIABLE

ENDED: Final = "The gate process of this comparison has ended; start the command again."


class GateProcess:
    """A running :mod:`rsbench.launch.gate`, which ends with this process.

    Args:
        setup: what it reads first.

    Attributes:
        port: where it listens.

    Raises:
        OSError: it cannot listen there.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rsbench.launch.gate"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**environment, "PYTHONSAFEPATH": "1"},
            start_new_session=True,
            preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509 - rsbench has one thread, see LiveProgress
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._in, self._out, self._errors = self._process.stdin, self._process.stdout, self._process.stderr
        self._unread = b""
        self.tell(setup)
        answer = self._out.readline()
        if not answer:
            said = self._errors.read().decode(errors="replace").strip().splitlines()
            self.close()
            raise OSError((said or ["no reason given"])[-1])
        self.port = int(answer)

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, which it never is by itself."""
        return self._process.poll() is not None

    def tell(self, order: Mapping[str, Any]) -> None:
        """Send a line.

        Raises:
            RsbenchError: the gate has ended.
        """
        left = memoryview(json.dumps(order).encode() + b"\n")
        try:
            while left:
                left = left[self._in.write(left) :]
        except BrokenPipeError as error:
            raise RsbenchError(ENDED) from error

    def news(self) -> Iterator[dict[str, Any]]:
        """Yield what the gate has said since the last call; does not wait."""
        while select.select([self._out], [], [], 0)[0]:
            said = os.read(self._out.fileno(), 1 << 16)
            if not said:
                break
            self._unread += said
        *lines, self._unread = self._unread.split(b"\n")
        yield from map(json.loads, lines)

    def close(self) -> None:
        """End the gate, and every connection through it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._in, self._out, self._errors):
            pipe.close()
