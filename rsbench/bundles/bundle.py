"""Writing a bundle: finished cells, their report, and what is needed to check them."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rsbench import __version__, reports
from rsbench.bundles.archive import SUFFIX, check_target, pack
from rsbench.bundles.contents import CellContents, read_json
from rsbench.bundles.names import MachineNames, names_of
from rsbench.errors import RsbenchError
from rsbench.reports.analysis.context import command_of
from rsbench.results.folder import CellFolder, folder_error
from rsbench.results.records import Run, list_runs, read_records
from rsbench.results.schema import Record
from rsbench.units import count_text

SCHEMA: Final = 1
"""The version of a bundle's layout: it goes up when a file is renamed or changes its meaning."""
SUMS: Final = "SHA256SUMS"
_FORMATS: Final = ("markdown", "csv", "html", "json")
_VERSIONS: Final = ("rsbench", "git_sha", "git_dirty", "python", "versions", "os", "cpu_model")
_README: Final = """# Results of rsbench

{cells} of gradient compressors, with everything to check them. Written by rsbench {version}.

| File | What it holds |
| --- | --- |
| `report.html`, `report.md`, `report.json` | The report. |
| `methods.csv`, `cells.csv` | All numbers: one row a method, one row a cell. |
| `plan.json` | The commands, and what each cell was to train. |
| `bundle.json` | Versions of the programs, and what was left out. |
| `cells/*/record.json` | All numbers of a cell, and where they come from. |
| `cells/*/samples.jsonl` | Raw samples, one line a step or epoch. |
| `cells/*/job.json`, `cells/*/rank*.log` | What the workers were to do, and what they printed. |
| `SHA256SUMS` | The checksum of every other file. |

Paths, users, hosts and addresses are replaced by `<out>`, `<data>`, `<home>`, `<user>`, `<host>`, `<address>`,
`<path1>` and so on. No number is changed.

Check the files, make the tables anew, and read the numbers:

    sha256sum -c SHA256SUMS
    rsbench report NAME{suffix}
    python -c "import rsbench; print(rsbench.load('NAME{suffix}').methods)"

`sha256sum` works on the unpacked files; rsbench reads the archive as it is. To run the cells again, take the commands
of `plan.json`.
"""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle that was written.

    Attributes:
        path: the archive.
        cells: number of its cells.
        left_out: what of the result folder is not in it, one phrase each.
    """

    path: Path
    cells: int
    left_out: tuple[str, ...]


def write_bundle(out: Path, target: Path) -> Bundle:
    """Write one archive of a result folder's finished cells, without paths and names of the machine.

    Args:
        out: the result folder. Cells that run meanwhile are left out.
        target: the archive; one that is there is replaced.

    Raises:
        RsbenchError: no folder, no finished cell, or no room.
    """
    if out.is_file():
        raise RsbenchError(f"{out} is a file, not a result folder: name the folder that rsbench compare wrote.")
    check_target(target)
    runs = list_runs([out])
    whole = [run for run in runs if run.record is not None]
    if not whole:
        raise RsbenchError(f"No cell in {out} is finished: run `rsbench compare --out {out}` first.")
    jobs = {run.folder: read_json(CellFolder(run.folder).job) for run in whole}
    names = names_of(out, [run.record for run in whole if run.record is not None], list(jobs.values()))
    try:
        with tempfile.TemporaryDirectory(prefix="rsbench-bundle-") as temporary:
            staging = Path(temporary)
            left_out = [*_unfinished(runs), *_copy_cells(whole, staging, names)]
            left_out += _write_words(staging, left_out, names)
            _write_sums(staging)
            pack(staging, target)
    except OSError as problem:
        raise folder_error(problem, target.parent) from problem
    return Bundle(path=target, cells=len(whole), left_out=tuple(left_out))


def _unfinished(runs: Sequence[Run]) -> list[str]:
    """Return what is said of cells without a record."""
    counts = Counter(run.status for run in runs if run.record is None)
    words = {"unfinished": "that is not finished", "damaged": "whose record is damaged"}
    many = {"unfinished": "that are not finished", "damaged": "whose records are damaged"}
    return [
        f"{count_text(count, 'cell')} {(words if count == 1 else many)[status]}" for status, count in counts.items()
    ]


def _copy_cells(runs: Sequence[Run], staging: Path, names: MachineNames) -> list[str]:
    """Copy the cells; return what of them was left out."""
    left: Counter[str] = Counter()
    for run in sorted(runs, key=lambda run: run.folder.name):
        assert run.record is not None
        target = staging / "cells" / names.in_text(run.folder.name)
        left += CellContents(run.folder, run.record, names).copy_to(target)
    return [f"{kind} of {count_text(count, 'cell')}" for kind, count in sorted(left.items())]


def _write_words(staging: Path, left_out: Sequence[str], names: MachineNames) -> list[str]:
    """Write the report and what says how it came about; return what had to be left out of all that."""
    records, problems = read_records([staging])
    reports.write_report(reports.build_report(records, problems), staging, _FORMATS)
    _write_json(staging / "plan.json", _plan(records))
    found = [path for path in staging.rglob("*") if path.is_file() and names.has_path(path.read_bytes())]
    for path in found:
        path.unlink()
    more = [f"{path.relative_to(staging)}, which holds a path that could not be replaced" for path in sorted(found)]
    versions = {json.dumps(_versions(record), sort_keys=True): _versions(record) for record in records}
    _write_json(
        staging / "bundle.json",
        {
            "rsbench": __version__,
            "schema": SCHEMA,
            "cells": len(records),
            "versions": [versions[text] for text in sorted(versions)],
            "left_out": [*left_out, *more],
        },
    )
    words = _README.format(cells=count_text(len(records), "cell"), version=__version__, suffix=SUFFIX)
    (staging / "README.md").write_text(words, encoding="utf-8")
    return more


def _plan(records: Sequence[Record]) -> dict[str, Any]:
    """Return the commands of some cells, and what each was to train."""
    return {
        "rsbench": __version__,
        "commands": sorted({command_of(record) for record in records} - {""}),
        "cells": [{"key": record["key"], **record["cell"]} for record in sorted(records, key=lambda one: one["key"])],
    }


def _versions(record: Record) -> dict[str, Any]:
    return {name: record["provenance"].get(name) for name in _VERSIONS}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="backslashreplace")


def _write_sums(staging: Path) -> None:
    """Write the checksums of all files as ``sha256sum -c`` reads them."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(staging).as_posix()}\n"
        for path in sorted(path for path in staging.rglob("*") if path.is_file())
    ]
    (staging / SUMS).write_text("".join(lines), encoding="utf-8")
