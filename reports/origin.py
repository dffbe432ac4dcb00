"""Where a section's numbers come from: versions, machine, data, settings, and the commands that recorded them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from rsbench.provenance import gpu
from rsbench.reports.figure import Origin
from rsbench.reports.settings import VARIED, Setting
from rsbench.schema import Record

_MACHINE = ("cpu_model", "cpu_count", "os", "python")
_RUNTIME = ("backend", "nccl", "threads", "kernels")


def origin_of(setting: Setting) -> Origin:
    """Return the origin of a setting's records.

    Args:
        setting: its records; where they differ in a fact, all values are given.
    """
    records = setting.records
    facts: list[tuple[str, Iterable[Any]]] = [
        ("rsbench", (_own_version(record) for record in records)),
        *((name, (_version(record, name) for record in records)) for name in _packages(records)),
        ("GPU", (gpu(record["provenance"]) for record in records)),
        *((name.replace("_", " "), (record["provenance"].get(name) for record in records)) for name in _MACHINE),
        *((name, ((record["provenance"].get("runtime") or {}).get(name) for record in records)) for name in _RUNTIME),
        ("data fingerprint", ((record.get("dataset") or {}).get("fingerprint") for record in records)),
        ("first cell started", (min(str(record["started_utc"]) for record in records),)),
        ("last cell started", (max(str(record["started_utc"]) for record in records),)),
    ]
    facts += [(name.replace("_", " "), (value,)) for name, value in records[0]["cell"].items() if name not in VARIED]
    commands = dict.fromkeys(_command(record) for record in records)
    return Origin(
        facts=tuple((name, text) for name, values in facts if (text := _distinct(values))),
        commands=tuple(command for command in commands if command),
    )


def _distinct(values: Iterable[Any]) -> str:
    """Return the values that occur, each once; nothing where none is known."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None and str(value)))


def _own_version(record: Record) -> str:
    """Return ``0.1.0 (1a2b3c4d5e6f, changed)``."""
    provenance = record["provenance"]
    sha = provenance.get("git_sha")
    changed = ", changed" if provenance.get("git_dirty") else ""
    return f"{provenance.get('rsbench', '?')}" + (f" ({str(sha)[:12]}{changed})" if sha else "")


def _packages(records: Sequence[Record]) -> list[str]:
    """Return the packages whose versions are recorded."""
    return list(dict.fromkeys(name for record in records for name in record["provenance"].get("versions") or {}))


def _version(record: Record, name: str) -> Any:
    """Return a package's version as the cell saw it."""
    return (record["provenance"].get("versions") or {}).get(name)


def _command(record: Record) -> str:
    """Return the command that recorded the cell, nothing where it is not known."""
    argv = [str(word) for word in record["provenance"].get("argv") or []]
    return shlex.join(["rsbench", *argv[1:]]) if argv else ""
