"""Where a number comes from: code, command, versions, machine. Torch-free; workers add what only they see."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import rsbench

REVISION_VARIABLE: Final = "RSBENCH_GIT_SHA"
"""Environment variable by which a container image says its commit, ``-dirty`` behind it if files were changed."""
_REVISION: Final = re.compile(r"([0-9a-f]{40})(-dirty)?", re.ASCII)
PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "pillow")


def collect(argv: Sequence[str]) -> dict[str, Any]:
    """Return the facts about this process that a record keeps.

    Args:
        argv: the command as the user typed it.

    Returns:
        ``rsbench`` (version), ``git_sha`` and ``git_dirty`` (None outside rsbench's own git tree and images), ``argv``,
        ``started_utc``, ``python``, ``versions`` (package to version), ``os``, ``cpu_model``, ``cpu_count``
        (cores this process may use) and ``memory_bytes``. Rank 0 adds ``runtime``: ``gpu`` (name, None
        on CPUs), ``nccl``, ``backend``, ``threads`` and others.
    """
    sha, dirty = git_state()
    return {
        "rsbench": rsbench.__version__,
        "git_sha": sha,
        "git_dirty": dirty,
        "argv": list(argv),
        "started_utc": utc_now(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "os": platform.platform(),
        "cpu_model": cpu_model(),
        "cpu_count": _usable_cores(),
        "memory_bytes": _memory_bytes(),
    }


def hardware(provenance: Mapping[str, Any]) -> str:
    """Return what decides if two runs' times may stand in one table: the GPU model, else the CPU model."""
    return str(gpu(provenance) or provenance.get("cpu_model") or "unknown hardware")


def gpu(provenance: Mapping[str, Any]) -> str | None:
    """Return the GPU's name as the worker saw it, None on CPUs and where no worker lived to tell."""
    return (provenance.get("runtime") or {}).get("gpu")


def utc_now() -> str:
    """Return the time as ``2026-01-31T12:00:00Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def git_state() -> tuple[str | None, bool | None]:
    """Return commit and dirty flag of the git tree that holds rsbench's own code, (None, None) without one.

    An rsbench that is installed inside somebody else's repository (a virtual environment there) has no state
    of its own; one in a container image has that of the tree that the image was built from.
    """
    sha, dirty = git_state_of(Path(rsbench.__file__).resolve().parent.parent)
    return (sha, dirty) if sha is not None else _revision(os.environ.get(REVISION_VARIABLE, ""))


def _revision(text: str) -> tuple[str | None, bool | None]:
    """Return commit and dirty flag as an image says them, (None, None) where it says nothing."""
    said = _REVISION.fullmatch(text)
    return (said[1], said[2] is not None) if said else (None, None)


def git_state_of(root: Path) -> tuple[str | None, bool | None]:
    """Return commit and dirty flag of the git tree whose root this folder is, (None, None) where it is none."""
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():
        return None, None
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return _git(root, "rev-parse", "HEAD"), None if changes is None else bool(changes)


def _git(root: Path, *arguments: str) -> str | None:
    """Return the output of a git command run in ``root``, None when git is missing, slow or says no."""
    command = ["git", "-C", str(root), *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=False, env=environment, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def cpu_model() -> str:
    """Return the processor's name as its maker gives it, or the architecture where that cannot be found."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next((name for name in names if name), "") or platform.processor() or platform.machine() or "unknown"


def _usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes() -> int | None:
    """Return the machine's memory in bytes, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _version(package: str) -> str | None:
    """Return the installed version of a package, None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
