"""What emulated links need of a machine, and a sentence for each thing that it lacks."""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Iterable
from typing import Final

from rsbench.emulation.namespace import SYSTEM_PATH, NetworkNamespace
from rsbench.emulation.network import EmulatedNetwork
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.links.link import Link
from rsbench.links.worker_links import WorkerLinks

RIGHTS: Final = (
    "Emulated links need root, or the capabilities CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW: use sudo, `unshare"
    " --user --map-root-user` before the command where the system allows that, or in a container `--cap-add SYS_ADMIN"
    " --cap-add NET_ADMIN`; without --link the machine is measured as it is."
)
_PLAIN: Final = Link(down_bits_per_s=50e6, up_bits_per_s=50e6)
_DELAYED: Final = Link(down_bits_per_s=50e6, up_bits_per_s=50e6, round_trip_s=0.02)


def check(links: Iterable[tuple[WorkerLinks, int]], interface: str = "") -> None:
    """Refuse what this machine cannot give the workers, before anything is started.

    Args:
        links: that are to be emulated, each with how many workers have them.
        interface: that workers are to talk over; empty for the one that is found.

    Raises:
        RsbenchError: one sentence that says what is missing and what to do.
    """
    asked = {(one.text, workers): one for one, workers in links}
    if interface:
        _check_interface(interface)
        if asked:
            raise RsbenchError("--interface is a link that is there, --link emulates one: give one or the other.")
    if asked:
        _check_machine()
    for (_, workers), one in asked.items():
        EmulatedNetwork(one, workers).close()  # a trial of the very links


def problem(*, delay: bool) -> str:
    """Return why this machine cannot emulate links, empty where it can.

    Args:
        delay: ask for links with a delay.
    """
    try:
        check([(WorkerLinks(default=_DELAYED if delay else _PLAIN), 2)])
    except RsbenchError as error:
        return str(error)
    return ""


def _check_machine() -> None:
    """Refuse a machine without network namespaces, without the rights, or without iproute2."""
    if not sys.platform.startswith("linux"):
        raise RsbenchError("Links can be emulated on Linux only: leave --link out, or use a machine with Linux.")
    for program in ("ip", "tc"):
        if shutil.which(program, path=SYSTEM_PATH) is None:
            raise RsbenchError(f"Emulated links need the program `{program}`: install the package iproute2.")
    try:
        NetworkNamespace().close()
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES):
            raise RsbenchError(RIGHTS) from error
        raise RsbenchError(f"This kernel gives no network namespace ({error.strerror}): leave --link out.") from error


def _check_interface(name: str) -> None:
    """Refuse a network interface that this machine does not have."""
    import psutil  # late: start-up

    there = sorted(psutil.net_if_addrs())
    if name not in there:
        raise RsbenchError(
            f'This machine has no network interface "{name}".{did_you_mean(name, there)} It has {", ".join(there)}.'
        )
