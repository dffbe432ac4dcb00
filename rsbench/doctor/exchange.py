"""A real all-reduce between two processes of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsbench.doctor.section import Section
from rsbench.errors import RsbenchError
from rsbench.launch import processes
from rsbench.parent_death import end_with_parent
from rsbench.planning.probe import Devices
from rsbench.units import bytes_text, ms_text

PATIENCE_S: Final = 120.0
"""The longest that the two processes may take, the import of torch included."""
WORKER: Final = (sys.executable, "-m", "rsbench.doctor.exchange_worker")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What an all-reduce took.

    Attributes:
        latency_s: seconds of a payload of 4 bytes.
        payload_bytes: size of the large payload.
        payload_s: its seconds.
    """

    latency_s: float
    payload_bytes: int
    payload_s: float

    @property
    def bytes_per_s(self) -> float:
        """Bytes of the large payload a second."""
        return self.payload_bytes / self.payload_s


def exchanges(found: Devices) -> Section:
    """Return the section on exchanges: gloo on loopback, and NCCL where there are two GPUs.

    Args:
        found: what torch sees.
    """
    backends = [("gloo", found.gloo), ("nccl", found.nccl and found.cuda_count > 1)]
    lines, problems, facts = [], [], {}
    for backend in [name for name, is_there in backends if is_there]:
        try:
            took = measure(backend)
        except RsbenchError as error:
            problems.append(str(error))
            facts[backend] = {"ok": False, "reason": str(error)}
            continue
        place = f"on {processes.loopback()}" if backend == "gloo" else "on two GPUs"
        lines.append(
            f"{backend}, 2 processes {place}: {ms_text(took.latency_s)} ms for 4 bytes, {ms_text(took.payload_s)} ms "
            f"for {bytes_text(took.payload_bytes)} ({bytes_text(took.bytes_per_s)}/s)"
        )
        facts[backend] = {
            "ok": True,
            "latency_s": took.latency_s,
            "payload_bytes": took.payload_bytes,
            "payload_s": took.payload_s,
            "bytes_per_s": took.bytes_per_s,
        }
    return Section(
        name="exchange",
        lines=tuple(lines or ["none works"]),
        facts=facts,
        problems=tuple(problems),
        is_fatal=bool(problems) and not lines,
    )


def measure(backend: str, *, worker: Sequence[str] = WORKER, patience_s: float = PATIENCE_S) -> Exchange:
    """Start two processes that exchange by all-reduce, and return what it took.

    Args:
        backend: ``gloo`` or ``nccl``.
        worker: command of a process; backend, rank and a file to meet in are put behind it.
        patience_s: after so many seconds both are ended.

    Raises:
        RsbenchError: they could not exchange; the sentence has the reason and what to do.
    """
    with tempfile.TemporaryDirectory(prefix="rsbench-doctor-") as folder:
        place = Path(folder)
        codes = _run(backend, worker, place, patience_s)
        if codes == [0, 0]:
            times_s = json.loads((place / "out0").read_text().splitlines()[-1])
            latency_s, payload_s = times_s.values()
            return Exchange(latency_s=latency_s, payload_bytes=int(list(times_s)[-1]), payload_s=payload_s)
        reason = f"no answer in {patience_s:g} s" if None in codes else _last_words(place)
    advice = (
        "check that a firewall or a container lets processes of this machine talk over loopback, and unset "
        "GLOO_SOCKET_IFNAME"
        if backend == "gloo"
        else "check the driver, /dev/shm, and try NCCL_P2P_DISABLE=1"
    )
    raise RsbenchError(f"Two processes on this machine could not exchange over {backend} ({reason}): {advice}.")


def _run(backend: str, worker: Sequence[str], place: Path, patience_s: float) -> list[int | None]:
    """Return the exit codes of both processes, None for one that had to be ended."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"}
    environment |= {"GLOO_SOCKET_IFNAME": processes.loopback()} if backend == "gloo" else {}
    until_s = time.monotonic() + patience_s
    with ExitStack() as files:
        pair = [
            subprocess.Popen(
                [*worker, backend, str(rank), str(place / "store")],
                stdin=subprocess.DEVNULL,
                stdout=files.enter_context((place / f"out{rank}").open("wb")),
                stderr=files.enter_context((place / f"err{rank}").open("wb")),
                env=environment,
                preexec_fn=end_with_parent(os.getpid()),  # noqa: PLW1509 - it allocates nothing
            )
            for rank in range(2)
        ]
        try:
            return [_code(process, until_s) for process in pair]
        finally:
            for process in pair:
                process.kill()
                process.wait()


def _code(process: subprocess.Popen[bytes], until_s: float) -> int | None:
    """Return a process's exit code, None where it does not end in time."""
    try:
        return process.wait(max(0.0, until_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None


def _last_words(place: Path) -> str:
    """Return the last line that a process which failed has written."""
    for rank in range(2):
        lines = (place / f"err{rank}").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return lines[-1][:300]
    return "they ended without a word"
