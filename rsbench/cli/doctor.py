"""The command ``rsbench doctor``."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rsbench.cli.environment import environment_problems
from rsbench.cli.grammar.command import Command
from rsbench.cli.host_name import host_name_problems
from rsbench.cli.options.shared import data_root_option
from rsbench.console import make_console, say
from rsbench.errors import RsbenchError
from rsbench.paths import data_cache
from rsbench.planning import probe
from rsbench.planning.probe import Devices
from rsbench.results import provenance

if TYPE_CHECKING:
    from rich.console import Console


LEAST_MEMORY_BYTES = 2 * 10**9
LEAST_SHM_BYTES = 256 * 2**20


@click.command(cls=Command)
@data_root_option
@click.pass_context
def doctor(ctx: click.Context, data_root: Path) -> None:
    """Say what this machine has, what will not work here, and what to do about it. Exits 1 if nothing can train."""
    console, facts = make_console(), provenance.collect([])
    problems: list[str] = []
    devices: Devices | None = None
    try:
        devices = probe.devices()
    except RsbenchError as error:
        problems.append(f"torch does not work here: {error}")
    _print(console, "rsbench", _versions(facts))
    _print(console, "machine", _machine(facts))
    if devices is not None:
        _print(console, "devices", _devices(devices))
        problems += device_problems(devices)
    _print(console, "links", _links())
    _print(console, "data", _data(data_root))
    for use, folder in (("decoded images", data_cache()), ("results", Path.cwd())):
        problems += folder_problems(use, folder)
    problems += memory_problems(shm=Path("/dev/shm"))
    problems += host_name_problems(socket.gethostname())
    problems += environment_problems(os.environ)
    say(console, "Problems" if problems else "No problems found.", "bold")
    for problem in problems:
        say(console, f"  - {problem}")
    ctx.exit(1 if devices is None else 0)


def device_problems(devices: Devices) -> list[str]:
    """Return what the devices and backends cannot do."""
    problems = []
    if devices.cuda_count == 0:
        cause = "this torch was built without CUDA" if devices.cuda_version is None else "torch sees no GPU"
        problems.append(f"No GPU runs ({cause}): --gpus will be refused; use --workers N --device cpu.")
    elif not devices.nccl:
        problems.append("This torch has no NCCL, so --gpus cannot work: install a CUDA build of torch.")
    if not devices.gloo:
        problems.append("This torch has no gloo, so --device cpu cannot work: install another build of torch.")
    return problems


def folder_problems(use: str, folder: Path) -> list[str]:
    """Return why a folder (or the nearest one above it that exists) cannot take files."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK):
        return [f"{use.capitalize()} cannot be written to {folder}: choose another folder or change its permissions."]
    free = shutil.disk_usage(there).free
    if free < 10**9:
        return [f"Only {free / 1e6:.0f} MB are free for {use} at {folder}: free some space there."]
    return []


def memory_problems(*, shm: Path) -> list[str]:
    """Return where memory is short."""
    import psutil  # late: start-up

    problems = []
    free = psutil.virtual_memory().available
    if free < LEAST_MEMORY_BYTES:
        problems.append(
            f"Only {free / 1e9:.1f} GB of memory are free; each worker takes about 0.5 GB before its model: use fewer"
            " workers or a smaller --batch-size."
        )
    if shm.is_dir() and shutil.disk_usage(shm).total < LEAST_SHM_BYTES:
        problems.append(f"{shm} holds less than 256 MB, which NCCL may exceed: start Docker with --shm-size 1g.")
    return problems


def _versions(facts: dict[str, object]) -> list[str]:
    versions = facts["versions"]
    pairs = versions.items() if isinstance(versions, dict) else ()
    packages = ", ".join(f"{name} {version or 'MISSING'}" for name, version in pairs)
    fast = importlib.util.find_spec("numba") is not None
    loops = "compiled by numba" if fast else "torch operations, slower: pip install 'rsbench[fast]' brings numba"
    return [
        f"rsbench {facts['rsbench']}, Python {facts['python']} at {sys.executable}",
        packages,
        f"compression on CPUs: {loops}",
    ]


def _machine(facts: dict[str, object]) -> list[str]:
    import psutil  # late: start-up

    memory = psutil.virtual_memory()
    return [
        f"{facts['cpu_model']}, {facts['cpu_count']} cores to use, {facts['os']}",
        f"memory: {memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free",
    ]


def _devices(devices: Devices) -> list[str]:
    gpus = [
        f"GPU {index}: {name}, {memory / 1e9:.0f} GB"
        for index, (name, memory) in enumerate(zip(devices.names, devices.memory_bytes, strict=True))
    ]
    backends = [
        f"{name}: {'yes' if there else 'no'}" for name, there in (("gloo", devices.gloo), ("NCCL", devices.nccl))
    ]
    return [*(gpus or ["no GPU"]), f"torch {devices.torch_version}, {', '.join(backends)}"]


def _links() -> list[str]:
    """Return whether links can be emulated, without and with a delay."""
    from rsbench.emulation import requirements  # late: start-up

    lines = []
    for name, delay in (("a rate", False), ("a rate and a delay", True)):
        problem = requirements.problem(delay=delay)
        lines.append(f"links of {name}: " + (f"no. {problem}" if problem else "can be emulated (compare --link)"))
        if problem:
            break
    return lines


def _data(data_root: Path) -> list[str]:
    from rsbench import datasets  # late: start-up

    lines = []
    for name in datasets.available():
        dataset = datasets.get(name)
        try:
            survey = dataset.survey(data_root)
        except RsbenchError:
            fetch = f"; `rsbench data fetch {name} --data-root {data_root}`" if dataset.downloads else ""
            lines.append(f"{name}: not found in {data_root}{fetch}")
            continue
        lines.append(f"{name}: {survey.contents}{f', {survey.part}' if survey.part else ''}")
    return lines


def _print(console: Console, title: str, lines: Sequence[str]) -> None:
    say(console, title, "bold")
    for line in lines:
        say(console, f"  {line}")
