"""The end of a process whose parent has died, however it died."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent_pid: int) -> Callable[[], None]:
    """Return what a child calls so that it is killed when its parent dies; it does nothing but on Linux.

    The signal is SIGKILL: a child that is stopped, or stuck in a collective, would never see a SIGTERM. The call
    allocates nothing, so that it may stand between fork and exec.

    Args:
        parent_pid: process id of the parent; a child that no longer has it ends at once.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before the line above
            os._exit(1)

    return prepare
