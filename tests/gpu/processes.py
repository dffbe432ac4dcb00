"""The processes of a part: started together, ended together, and after their time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.1


@dataclass(frozen=True)
class Fault:
    """Why a part did not come to its end.

    Attributes:
        status: ``late`` or ``broken``.
        words: what to tell.
    """

    status: str
    words: str


def run_ranks(command: list[str], files: list[Path], log: Path, limit_s: float) -> Fault | None:
    """Run a command once a rank; when one fails or time is up, end all with their children.

    Args:
        command: without what tells the ranks apart.
        files: of the findings, one a rank.
        log: what all of them print.
        limit_s: seconds.

    Returns:
        Why they did not come to their end, or None.
    """
    end = time.monotonic() + limit_s
    with tempfile.TemporaryDirectory() as folder, log.open("w", encoding="utf-8") as stream:
        place = ["--workers", str(len(files)), "--store", str(Path(folder) / "store")]
        ranks = [
            subprocess.Popen(
                [*command, *place, "--rank", str(rank), "--findings", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
            )
            for rank, file in enumerate(files)
        ]
        try:
            while time.monotonic() < end:
                codes = [rank.poll() for rank in ranks]
                if any(codes):
                    return Fault("broken", _last_words(log, next(code for code in codes if code)))
                if all(code == 0 for code in codes):
                    return None
                time.sleep(_POLL_S)
            return Fault("late", f"ended after {limit_s:.0f} s")
        finally:
            for rank in ranks:
                _end(rank)


def _environment() -> dict[str, str]:
    """Return the environment of a rank: one thread, and the loopback for meeting, since a network may be missing."""
    loopback = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"} if Path("/sys/class/net/lo").exists() else {}
    return {"OMP_NUM_THREADS": "1", **loopback, **os.environ}


def _end(rank: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(rank.pid, signal.SIGKILL)
    rank.wait()


def _last_words(log: Path, code: int) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    spoken = [line for line in lines if "Error" in line or "error" in line] or lines or [""]
    return f"a process ended with {code}: {spoken[-1].strip()[:300]}"
