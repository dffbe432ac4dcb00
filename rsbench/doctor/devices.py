"""GPUs, their driver, and the backends of torch."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from rsbench.doctor.section import Section
from rsbench.planning.probe import Devices
from rsbench.units import bytes_text

NVIDIA_VERSION: Final = Path("/proc/driver/nvidia/version")
_DRIVER: Final = re.compile(r"\b(\d{3,4}\.\d+(?:\.\d+)?)\b")
_PATIENCE_S: Final = 10.0


def devices(found: Devices, driver: str | None) -> Section:
    """Return the section on devices.

    Args:
        found: what torch sees.
        driver: version of NVIDIA's driver, None where there is none.
    """
    each = list(zip(found.names, found.memory_bytes, found.capabilities or [""] * found.cuda_count, strict=True))
    gpus = [
        f"GPU {index}: {name}, {bytes_text(memory)}{f', compute capability {capability}' if capability else ''}"
        for index, (name, memory, capability) in enumerate(each)
    ]
    backends = [f"{name}: {'yes' if there else 'no'}" for name, there in (("gloo", found.gloo), ("NCCL", found.nccl))]
    cuda = "without CUDA" if found.cuda_version is None else f"CUDA {found.cuda_version}"
    return Section(
        name="devices",
        lines=(
            *(gpus or ["no GPU"]),
            f"torch {found.torch_version} ({cuda}), {', '.join(backends)}",
            f"NVIDIA driver: {driver or 'none'}",
        ),
        facts={
            "gpus": [{"name": n, "memory_bytes": m, "compute_capability": c or None} for n, m, c in each],
            "driver": driver,
            "torch": found.torch_version,
            "cuda": found.cuda_version,
            "gloo": found.gloo,
            "nccl": found.nccl,
        },
        problems=tuple(device_problems(found, driver)),
    )


def device_problems(found: Devices, driver: str | None = None) -> list[str]:
    """Return what the devices and backends cannot do."""
    problems = []
    if found.cuda_count == 0:
        problems.append(_no_gpu(found, driver))
    elif not found.nccl:
        problems.append("This torch has no NCCL, so --gpus cannot work: install a CUDA build of torch.")
    if not found.gloo:
        problems.append("This torch has no gloo, so --device cpu cannot work: install another build of torch.")
    problems += [
        f"GPU {index} has compute capability {capability}, for which this torch has no code "
        f"({', '.join(found.architectures)}): install a build of torch for that GPU."
        for index, capability in enumerate(found.capabilities)
        if found.architectures and not _has_code(capability, found.architectures)
    ]
    return problems


def nvidia_driver(version_file: Path = NVIDIA_VERSION) -> str | None:
    """Return the version of NVIDIA's driver, None where there is none."""
    try:
        found = _DRIVER.search(version_file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    return found[1] if found else _asked_driver()


def _asked_driver() -> str | None:
    """Return the version that ``nvidia-smi`` says, None where it says none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    said = _DRIVER.search(done.stdout)
    return said[1] if said and done.returncode == 0 else None


def _no_gpu(found: Devices, driver: str | None) -> str:
    """Return why no GPU is there, and what to do."""
    if driver is not None and found.cuda_version is None:
        return (
            f"No GPU runs: this torch was built without CUDA, but NVIDIA's driver {driver} is here, so install a CUDA "
            "build of torch; without one --gpus will be refused."
        )
    if driver is not None:
        return (
            f"No GPU runs: NVIDIA's driver {driver} is here, but torch (CUDA {found.cuda_version}) sees no GPU: check "
            "CUDA_VISIBLE_DEVICES, `docker run --gpus all`, and that the driver is new enough for that CUDA."
        )
    cause = "this torch was built without CUDA" if found.cuda_version is None else "torch sees no GPU"
    return f"No GPU runs ({cause}): --gpus will be refused; use --workers N --device cpu."


def _has_code(capability: str, architectures: list[str]) -> bool:
    """Return whether torch has machine code for a GPU, or code that its driver can translate."""
    major, minor = map(int, capability.split("."))
    for text in architectures:
        digits = re.sub(r"\D", "", text)
        of_major, of_minor = int(digits[:-1] or 0), int(digits[-1:] or 0)
        if of_major == major and of_minor <= minor:
            return True
        if text.startswith("compute") and (of_major, of_minor) <= (major, minor):
            return True
    return False
