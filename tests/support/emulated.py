"""Programs inside emulated links, and why they cannot be tested where that is so."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from rsbench.emulation import requirements
from rsbench.emulation.network import EmulatedNetwork

PROBLEM = requirements.problem(delay=True)
needs_links = pytest.mark.skipif(bool(PROBLEM), reason=PROBLEM)


def start(network: EmulatedNetwork, rank: int, program: str, arguments: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start a Python program at a worker's end of its link."""
    return subprocess.Popen(
        [sys.executable, "-S", "-c", program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=network.enter(rank),  # noqa: PLW1509
    )


def namespaces(pids: Iterable[int] | None = None) -> set[str]:
    """The network namespaces, other than this process's, that these processes are in; without an argument, all."""
    found = set()
    for process in Path("/proc").glob("[0-9]*") if pids is None else (Path(f"/proc/{pid}") for pid in pids):
        try:
            found.add((process / "ns/net").readlink().name)
        except OSError:
            continue
    return found - {Path("/proc/self/ns/net").readlink().name}


def give_rights_away() -> None:
    """Let the program that comes next have no capability, whoever's it is; made to stand between fork and exec."""
    drop_from_bounding_set, last = 24, 63
    for capability in range(last + 1):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)
