"""Processor, memory, and the folders that rsbench writes into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rsbench import cache
from rsbench.doctor.section import Section
from rsbench.units import bytes_text

LEAST_MEMORY_BYTES: Final = 2 * 10**9
LEAST_SHM_BYTES: Final = 256 * 2**20
LEAST_DISK_BYTES: Final = 10**9


def machine(facts: Mapping[str, Any], *, shm: Path = Path("/dev/shm")) -> Section:
    """Return the section on processor and memory.

    Args:
        facts: as :func:`rsbench.results.provenance.collect` gives them.
        shm: folder of the memory that processes share.
    """
    import psutil  # late: start-up

    memory = psutil.virtual_memory()
    return Section(
        name="machine",
        lines=(
            f"{facts['cpu_model']}, {facts['cpu_count']} cores to use, {facts['os']}",
            f"memory: {bytes_text(memory.available)} of {bytes_text(memory.total)} free",
        ),
        facts={
            "cpu_model": facts["cpu_model"],
            "cores": facts["cpu_count"],
            "os": facts["os"],
            "memory_bytes": memory.total,
            "free_memory_bytes": memory.available,
        },
        problems=(*_memory_problems(memory.available), *_shm_problems(shm)),
    )


def folders(places: Mapping[str, Path], cache_root: Path) -> Section:
    """Return the section on folders: free space, and how much of it the cache takes.

    Args:
        places: what is written -> where.
        cache_root: the cache folder.
    """
    held = {holding.kind.name: holding.size_bytes for holding in cache.holdings(cache_root)}
    lines = [f"cache: {cache_root}, {bytes_text(sum(held.values()))} (`rsbench cache` shows and clears it)"]
    facts: dict[str, Any] = {"cache": {"path": cache_root, "size_bytes": sum(held.values()), "kinds_bytes": held}}
    problems = []
    for use, folder in places.items():
        there = nearest(folder)
        free_bytes = shutil.disk_usage(there).free
        lines.append(f"{use}: {folder}, {bytes_text(free_bytes)} free")
        facts[use.replace(" ", "_")] = {
            "path": folder,
            "free_bytes": free_bytes,
            "is_writable": os.access(there, os.W_OK),
        }
        problems += folder_problems(use, folder)
    return Section(name="folders", lines=tuple(lines), facts=facts, problems=tuple(problems))


def nearest(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return there


def folder_problems(use: str, folder: Path) -> list[str]:
    """Return why a folder (or the nearest one above it that exists) cannot take files."""
    there = nearest(folder)
    if not os.access(there, os.W_OK):
        return [f"{use.capitalize()} cannot be written to {folder}: choose another folder or change its permissions."]
    free_bytes = shutil.disk_usage(there).free
    if free_bytes < LEAST_DISK_BYTES:
        return [f"Only {free_bytes / 1e6:.0f} MB are free for {use} at {folder}: free some space there."]
    return []


def _memory_problems(free_bytes: int) -> list[str]:
    if free_bytes >= LEAST_MEMORY_BYTES:
        return []
    return [
        f"Only {free_bytes / 1e9:.1f} GB of memory are free; each worker takes about 0.5 GB before its model: use fewer"
        " workers or a smaller --batch-size."
    ]


def _shm_problems(shm: Path) -> list[str]:
    if not shm.is_dir() or shutil.disk_usage(shm).total >= LEAST_SHM_BYTES:
        return []
    return [f"{shm} holds less than 256 MB, which NCCL may exceed: start Docker with --shm-size 1g."]
