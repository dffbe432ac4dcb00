"""The processor that a benchmark runs on, and who else was busy on it meanwhile. Torch-free."""

from __future__ import annotations

import os
import platform
import resource
import time
from pathlib import Path
from typing import Any, Final

from rsbench.results.provenance import cpu_model

_WIDTHS: Final = {
    "avx512f": ("AVX-512", 512),
    "avx2": ("AVX2", 256),
    "avx": ("AVX", 256),
    "sse2": ("SSE2", 128),
    "asimd": ("NEON", 128),
}
"""Flag of ``/proc/cpuinfo`` -> what the widest vectors are called, and their bits; the first that is there counts."""
_CPU: Final = Path("/sys/devices/system/cpu")
_BUSY_CORES: Final = 0.2
"""Others' share, in cores, from which the machine was not quiet."""


def vector_width(cpuinfo: str, machine: str) -> tuple[str, int] | None:
    """Return name and bits of the widest vectors that a processor has; None where it does not tell.

    Args:
        cpuinfo: the text of ``/proc/cpuinfo``, empty where there is none.
        machine: as ``platform.machine()`` says.
    """
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    flags = next((set(value.split()) for name, _, value in lines if name.strip() in ("flags", "Features")), set())
    if not flags and machine in ("arm64", "aarch64"):  # every one has it
        flags = {"asimd"}
    return next((width for flag, width in _WIDTHS.items() if flag in flags), None)


def processor() -> dict[str, Any]:
    """Return the processor's facts.

    Returns:
        ``cpu``, ``vectors`` (name) and ``vector_bits``, both None where unknown, ``threads`` (logical processors that
        this process may use), ``cores`` (physical ones among them) and ``turbo`` (None where the system does not tell).
    """
    vectors = vector_width(_text(Path("/proc/cpuinfo")), platform.machine())
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = {_text(_CPU / f"cpu{number}" / "topology" / "thread_siblings_list") or str(number) for number in usable}
    return {
        "cpu": cpu_model(),
        "vectors": vectors and vectors[0],
        "vector_bits": vectors and vectors[1],
        "threads": len(usable),
        "cores": len(siblings),
        "turbo": _turbo(),
    }


def _turbo() -> bool | None:
    """Return whether clocks may rise above the nominal one."""
    no_turbo, boost = _text(_CPU / "intel_pstate" / "no_turbo"), _text(_CPU / "cpufreq" / "boost")
    return no_turbo == "0" if no_turbo else boost == "1" if boost else None


def _text(path: Path) -> str:
    """Return a small file's text, empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


class Watch:
    """What others do on this machine from its making to :meth:`seen`."""

    def __init__(self) -> None:
        self._load = _load()
        self._began = time.monotonic(), _busy_s(), _own_s()

    def seen(self) -> dict[str, float | None]:
        """Return what was seen; processes of this one count as its own once they have ended.

        Returns:
            ``load_start`` and ``load_end``, averages of a minute; ``others_cores``, how many processors others kept
            busy on average, stolen time of a virtual machine included. None where the system does not tell.
        """
        then, busy_s, own_s = self._began
        wall_s = max(1e-9, time.monotonic() - then)
        others = (_busy_s() - busy_s) - (_own_s() - own_s)
        return {
            "load_start": self._load,
            "load_end": _load(),
            "others_cores": max(0.0, others / wall_s) if busy_s else None,
        }


def warning(machine: dict[str, Any], compute_threads: int) -> str:
    """Return a sentence on what makes times rough, empty where nothing is known to.

    Args:
        machine: of :func:`processor` and :meth:`Watch.seen`.
        compute_threads: of all workers.
    """
    words = []
    others = machine.get("others_cores")
    if others is not None and others > _BUSY_CORES:
        words.append(f"others kept {others:.1f} cores busy")
    if (machine.get("load_start") or 0.0) > 1.0 or (machine.get("load_end") or 0.0) > compute_threads + 1.0:
        words.append(f"its load was {machine['load_start']:.1f} at the start and {machine['load_end']:.1f} at the end")
    if compute_threads > machine["cores"]:
        words.append(f"{compute_threads} compute threads shared {machine['cores']} cores")
    return f"The machine was not quiet ({'; '.join(words)}): these times are rough." if words else ""


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _busy_s() -> float:
    """Return the seconds that all processors together were not idle; 0 where the system does not tell."""
    import psutil  # late: start-up

    times = psutil.cpu_times()._asdict()
    guests = {"guest", "guest_nice"}  # which user and nice hold already
    return float(sum(value for name, value in times.items() if name not in {"idle", "iowait", *guests}))


def _own_s() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in both)
