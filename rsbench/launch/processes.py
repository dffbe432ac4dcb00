"""Processes of a launch, told by a mark in their environment, and their end."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Final

import psutil

MARK: Final = "RSBENCH_LAUNCH"
"""Environment variable that marks every process of one launch, whatever session it moves to."""


def marked(mark: str) -> set[psutil.Process]:
    """Return this user's processes that carry the mark, helpers in sessions of their own included."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.add(process)
        except (psutil.Error, OSError):
            continue  # somebody else's, or gone
    return found


def kill_all(mark: str) -> None:
    """Kill every process that carries the mark; looks again, as one may be starting a helper just now."""
    for _ in range(20):
        left = {process for process in marked(mark) if _alive(process)}
        if not left:
            return
        for process in left:
            _kill(process)
        psutil.wait_procs(list(left), timeout=0.5)


def is_stopped(pid: int) -> bool:
    """Tell whether a process is stopped, as by SIGSTOP or a debugger."""
    try:
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    except psutil.Error:
        return False


def loopback() -> str:
    """Return the name of this machine's loopback interface: ``lo`` on Linux."""
    return interface_of("127.0.0.1") or "lo"


def interface_of(address: str) -> str | None:
    """Return the name of the network interface that has an address, None where none has it."""
    interfaces: dict[str, Iterable[object]] = dict(psutil.net_if_addrs())
    for name, addresses in interfaces.items():
        if any(getattr(one, "address", "").partition("%")[0] == address for one in addresses):
            return name
    return None


def interface_to(host: str, port: int) -> str | None:
    """Return the name of the network interface by which this machine reaches an address, None if unknown."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(address)  # sends nothing, but chooses the way
            return interface_of(probe.getsockname()[0])
    except OSError:
        return None


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return  # gone meanwhile
