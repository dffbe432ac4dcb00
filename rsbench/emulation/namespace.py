"""A network namespace that nobody can find by name, and commands inside it. Linux only."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from rsbench.errors import RsbenchError

CLONE_NEWNET: Final = 0x40000000
SYSTEM_PATH: Final = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""Where ``ip`` and ``tc`` are looked for: not every user has the folders of system programs in PATH."""
COMMAND_TIMEOUT_S: Final = 60.0
_HINTS: Final = {
    "qdisc kind is unknown": "; the kernel lacks the token bucket filter: try `modprobe sch_tbf`",
    "Unknown device type": "; the kernel lacks veth or bridge: try `modprobe veth` and `modprobe bridge`",
    "not permitted": "; use root, or add the capability CAP_NET_ADMIN",
}
"""What programs say -> what to do about it."""


class NetworkNamespace:
    """A network namespace without a name, held open by this process.

    The kernel removes it, with every interface in it, when this process has closed it and no process is inside: also
    when this process is killed.

    Attributes:
        descriptor: the file descriptor that holds it; closed when another program is started.

    Raises:
        OSError: the kernel refuses it, as without CAP_SYS_ADMIN.
    """

    def __init__(self) -> None:
        with ThreadPoolExecutor(max_workers=1) as short_lived:  # the thread leaves this process's namespace, and ends
            self.descriptor = short_lived.submit(_unshare).result()
        self._libc = ctypes.CDLL(None, use_errno=True)

    def enter(self) -> None:
        """Move the calling process into it; made to stand between fork and exec.

        Raises:
            OSError: the kernel refuses it.
        """
        if self._libc.setns(self.descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "cannot enter the network namespace")

    def run(self, program: str, lines: Sequence[str], others: Sequence[NetworkNamespace] = ()) -> None:
        """Let ``ip`` or ``tc`` do some commands inside it.

        Args:
            program: ``ip`` or ``tc``.
            lines: commands without the program's name.
            others: namespaces that the commands name, see :attr:`path`.

        Raises:
            RsbenchError: the program is missing, or a command failed; with the program's words.
        """
        found = shutil.which(program, path=SYSTEM_PATH)
        if found is None:
            raise RsbenchError(f"Emulated links need `{program}`: install the package iproute2.")
        done = subprocess.run(
            [found, "-batch", "-"],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
            pass_fds=[other.descriptor for other in others],
            start_new_session=True,  # a Ctrl-C on the terminal is this process's matter
            preexec_fn=self.enter,
        )
        if done.returncode != 0:
            said = next((line for line in done.stderr.splitlines() if line.strip()), f"exit code {done.returncode}")
            hint = next((hint for sign, hint in _HINTS.items() if sign in done.stderr), "")
            raise RsbenchError(f"The link cannot be emulated: `{program}` says: {said.rstrip('.')}{hint}.")

    @property
    def path(self) -> str:
        """What a program that inherits the descriptor calls it."""
        return f"/proc/self/fd/{self.descriptor}"

    def close(self) -> None:
        """Let go of it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _unshare() -> int:
    """Put this thread into a network namespace of its own and return a descriptor that holds it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)
