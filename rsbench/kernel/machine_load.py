"""Who used the machine's CPU cores: this process, and everything else."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class CpuTime(NamedTuple):
    """Seconds so far.

    Attributes:
        own_s: CPU time of this process, its children that ended included.
        busy_s: CPU time of everything on the machine, stolen time included; None where the kernel does not say.
        wall_s: of a clock.
    """

    own_s: float
    busy_s: float | None
    wall_s: float


def cpu_time(statistics: Path = Path("/proc/stat")) -> CpuTime:
    """Return the CPU time so far."""
    own = os.times()
    return CpuTime(own.user + own.system, _busy_s(statistics), time.perf_counter())


def _busy_s(statistics: Path) -> float | None:
    """Return the seconds in which a core did anything: user, nice, system, interrupts, and what was stolen."""
    with suppress(OSError, ValueError, IndexError):
        fields = [int(text) for text in statistics.read_text().splitlines()[0].split()[1:9]]
        user, nice, system, _idle, _waiting, hard, soft, stolen = fields
        return (user + nice + system + hard + soft + stolen) / os.sysconf("SC_CLK_TCK")
    return None
