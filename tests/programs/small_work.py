"""Works for worker processes, without torch: what each process says of itself goes to files in the job's folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rsbench.launch.member import Member
from rsbench.measure.heartbeat import beat


def tell(folder: Path, member: Member) -> None:
    """Leave the process id and the place."""
    print("hello from the log", flush=True)
    (folder / f"told-{member.rank}").write_text(f"{os.getpid()} {member.rank} {member.world_size} {member.store}")


def tell_place(folder: Path, member: Member) -> None:
    """Leave the process id, the network namespace, and over which interface to talk."""
    names = [os.environ.get(name, "-") for name in ("RSBENCH_LINK_INTERFACE", "GLOO_SOCKET_IFNAME")]
    place = Path("/proc/self/ns/net")
    namespace = place.readlink().name if place.is_symlink() else "-"
    (folder / f"told-{member.rank}").write_text(" ".join([str(os.getpid()), namespace, *names]))


def fail(folder: Path, member: Member) -> None:
    """Raise on rank 1."""
    tell(folder, member)
    if member.rank == 1:
        raise ValueError("eels")


def fall_behind(folder: Path, member: Member) -> None:
    """Stand still on rank 1, while rank 0 goes on to where it waits."""
    beat("load the batch of step 1")
    if member.rank == 0:
        beat("compute and exchange step 1")
    tell(folder, member)
    time.sleep(300)
