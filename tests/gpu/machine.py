"""What machine this is, as JSON; in a process of its own, since a broken torch or driver can end one."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MODULES = {"scikit-learn": "sklearn", "pillow": "PIL"}
"""Distribution -> module, where their names differ."""


def missing_packages() -> list[str]:
    """Return what ``pyproject.toml`` asks of users and this machine lacks, in whatever version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=!~ ;\[]", line, maxsplit=1)[0] for line in project["dependencies"]]
    return [name for name in names if importlib.util.find_spec(MODULES.get(name, name)) is None]


def version_of(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def driver() -> str | None:
    """Return the version of NVIDIA's driver, or None without one."""
    try:
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout.strip().splitlines() or [None])[0]  # type: ignore[list-item]


def cpu() -> str:
    """Return the name of the processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"model name\s*: (.+)", text)
    return found.group(1) if found else platform.processor() or platform.machine()


def facts() -> dict[str, Any]:
    """Return what the tables say of the machine."""
    import torch
    import torch.distributed as dist

    gpu = torch.cuda.is_available()
    found: dict[str, Any] = {
        "device": "cuda" if gpu else "cpu",
        "card": torch.cuda.get_device_name(0) if gpu else None,
        "card_memory_mib": torch.cuda.get_device_properties(0).total_memory // 2**20 if gpu else None,
        "driver": driver(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "triton": version_of("triton"),
        "numba": version_of("numba"),
        "nccl": ".".join(map(str, torch.cuda.nccl.version())) if gpu and dist.is_nccl_available() else None,
        "gloo": dist.is_gloo_available(),
        "python": platform.python_version(),
        "cpu": cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "missing_packages": missing_packages(),
    }
    return found


if __name__ == "__main__":
    print(json.dumps(facts()))
    sys.stdout.flush()
