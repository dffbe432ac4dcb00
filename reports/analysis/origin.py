"""Where a section's numbers come from: versions, machine, data and settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rsbench.reports.analysis.settings import VARIED, Setting
from rsbench.reports.document.figure import Origin
from rsbench.results.provenance import gpu

Provenance = Mapping[str, Any]
_MACHINE = ("cpu_model", "cpu_count", "os", "python")
_RUNTIME = ("backend", "nccl", "threads", "kernels")


def origin_of(setting: Setting) -> Origin:
    """Return the origin of a setting's records.

    Args:
        setting: its records; where they differ in a fact, all values are given.
    """
    records = setting.records
    provenances = [record["provenance"] for record in records]
    runtimes = [provenance.get("runtime") or {} for provenance in provenances]
    started = sorted(str(record["started_utc"]) for record in records)
    facts = {
        "rsbench": _distinct(_own_version(provenance) for provenance in provenances),
        **{name: _distinct(_version(one, name) for one in provenances) for name in _packages(provenances)},
        "GPU": _distinct(map(gpu, provenances)),
        **{name.replace("_", " "): _distinct(one.get(name) for one in provenances) for name in _MACHINE},
        **{name: _distinct(runtime.get(name) for runtime in runtimes) for name in _RUNTIME},
        "data fingerprint": _distinct((record.get("dataset") or {}).get("fingerprint") for record in records),
        "first cell started": started[0],
        "last cell started": started[-1],
    }
    cell = records[0]["cell"]
    facts |= {name.replace("_", " "): _distinct([value]) for name, value in cell.items() if name not in VARIED}
    return Origin(facts=tuple((name, text) for name, text in facts.items() if text))


def _distinct(values: Iterable[Any]) -> str:
    """Return the values that occur, each once; nothing where none is known."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None and str(value)))


def _own_version(provenance: Provenance) -> str:
    """Return ``0.1.0 (1a2b3c4d5e6f, changed)``."""
    sha = provenance.get("git_sha")
    changed = ", changed" if provenance.get("git_dirty") else ""
    return f"{provenance.get('rsbench', '?')}" + (f" ({str(sha)[:12]}{changed})" if sha else "")


def _packages(provenances: Sequence[Provenance]) -> list[str]:
    """Return the packages whose versions are recorded."""
    return list(dict.fromkeys(name for one in provenances for name in one.get("versions") or {}))


def _version(provenance: Provenance, name: str) -> Any:
    """Return a package's version as the cell saw it."""
    return (provenance.get("versions") or {}).get(name)
