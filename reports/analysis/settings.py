"""Which records may stand in one table: the same work on the same hardware."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rsbench.results.provenance import gpu, hardware
from rsbench.results.schema import Record

VARIED = ("compressor", "ratio", "match", "lr", "seed")
"""What differs between the rows of one table; all else of a cell is the setting."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Records that differ in method, ratio, learning rate and seed only.

    Attributes:
        records: in the order of their start.
        hardware: CPU or GPU model; several, joined, when mixing was asked for.
    """

    records: tuple[Record, ...]
    hardware: str


def split_by_setting(records: Sequence[Record], *, mix_hardware: bool = False) -> list[Setting]:
    """Return the records by what was run and where, in the order of first start.

    Args:
        records: checked records.
        mix_hardware: put runs from different hardware into one table all the same.

    Returns:
        Settings; of a cell that was recorded more than once on the same hardware, the newest finished one.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    machines = _machines_ofwork_of(records)
    for record in sorted(records, key=lambda record: str(record["started_utc"])):
        machine = "" if mix_hardware else _machine(record, machines)
        groups.setdefault((work_of(record), machine), []).append(record)
    settings = []
    for group in groups.values():
        names = sorted({_machine(record, machines) for record in group})
        settings.append(Setting(records=tuple(_newest(group)), hardware=" and ".join(names)))
    return settings


def work_of(record: Record) -> str:
    """Return everything that a row of the table does not vary, as one text."""
    return json.dumps({name: value for name, value in record["cell"].items() if name not in VARIED}, sort_keys=True)


def _machines_ofwork_of(records: Sequence[Record]) -> dict[tuple[str, str], str]:
    """Return the hardware of finished cells by work and CPU model."""
    return {
        (work_of(record), str(record["provenance"].get("cpu_model"))): hardware(record["provenance"])
        for record in records
        if record["status"] == "done"
    }


def _machine(record: Record, machines: dict[tuple[str, str], str]) -> str:
    """Return a record's hardware. A cell that failed early may not know its GPU: its neighbours on that host do."""
    provenance = record["provenance"]
    if record["status"] == "done" or gpu(provenance):
        return hardware(provenance)
    return machines.get((work_of(record), str(provenance.get("cpu_model"))), hardware(provenance))


def _newest(group: Sequence[Record]) -> list[Record]:
    """Return one record a cell: the last that is done, else the last. Keys change with the schema, cells do not."""
    kept: dict[str, Record] = {}
    for record in group:
        cell = json.dumps(record["cell"], sort_keys=True)
        earlier = kept.get(cell)
        if earlier is None or record["status"] == "done" or earlier["status"] != "done":
            kept[cell] = record
    return list(kept.values())


def setting_titles(settings: Sequence[Setting]) -> list[str]:
    """Return ``UC Merced Land Use, smallvgg, 2 workers on cpu`` for each setting, and in what alike ones differ."""
    plain = []
    for setting in settings:
        cell = setting.records[0]["cell"]
        plain.append(f"{data_title(setting)}, {cell['model']}, {workers(cell['workers'])} on {cell['device']}")
    return distinct(plain, settings)


def data_title(setting: Setting) -> str:
    """Return the data set's name for people, with a word on synthetic data."""
    described = next((record["dataset"] for record in setting.records if record.get("dataset")), None)
    name = str(described["title"]) if described else str(setting.records[0]["cell"]["dataset"])
    if described and described["synthetic"] and "synthetic" not in name.lower():
        name += " (synthetic)"
    return name


def workers(count: int) -> str:
    """Return ``1 worker`` or ``2 workers``."""
    return "1 worker" if count == 1 else f"{count} workers"


def distinct(titles: Sequence[str], settings: Sequence[Setting], *, besides: str = "") -> list[str]:
    """Return the titles; those that are alike say in what their settings differ.

    Args:
        titles: one a setting.
        settings: what they stand for.
        besides: a field of the cells that varies within a setting, too.
    """
    pairs = list(zip(titles, settings, strict=True))
    return [
        title + _what_differs(setting, [other for name, other in pairs if name == title], besides)
        for title, setting in pairs
    ]


def _what_differs(setting: Setting, alike: Sequence[Setting], besides: str) -> str:
    """Return ``, epochs 30, split 50/10/40``: the fields that are not equal in all of some settings."""
    cell = setting.records[0]["cell"]
    others = [other.records[0]["cell"] for other in alike]
    varied = {*VARIED, besides}
    names = [name for name in cell if name not in varied and any(other.get(name) != cell[name] for other in others)]
    texts = [f", {name.replace('_', ' ')} {'none' if cell[name] is None else cell[name]}" for name in names]
    if any(other.hardware != setting.hardware for other in alike):
        texts.append(f", {setting.hardware}")
    return "".join(texts)
