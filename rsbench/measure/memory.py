"""Memory of this process: what it holds now, and the most it held since the last reset."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def resident_bytes() -> int:
    """Return the resident memory now; 0 where the system does not tell (other than Linux)."""
    return _status("VmRSS")


def peak_resident_bytes() -> int:
    """Return the most resident memory since :func:`reset_peaks` (Linux), else since the process began."""
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB
    return _status("VmHWM") or unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def reset_peaks() -> None:
    """Let the peaks begin anew: resident memory's on Linux, and each GPU's."""
    import torch  # late: start-up

    if cuda_in_use():
        for device in range(torch.cuda.device_count()):
            torch.cuda.reset_peak_memory_stats(device)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def cuda_in_use() -> bool:
    """Tell whether this process has begun to use a GPU."""
    import torch  # late: start-up

    return torch.cuda.is_available() and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def _status(field: str) -> int:
    """Return a field of this process's ``/proc/self/status`` in bytes; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)
