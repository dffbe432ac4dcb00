"""Which records may stand in one table: the same work on the same hardware."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rsbench import units
from rsbench.cell import EARLIER_RULES, KEY_VERSION, key_version_of
from rsbench.links.worker_links import parse_worker_links
from rsbench.recipe.model_text import model_label
from rsbench.recipe.partition import parse_partition
from rsbench.results.provenance import gpu, hardware
from rsbench.results.schema import Record

VARIED: Final = ("compressor", "ratio", "match", "sync", "prune", "lr", "seed")
"""Fields of a cell that differ between the rows of one table; all others are the setting."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Records that differ in method, ratio, how often they exchange, kept samples, learning rate and seed only.

    Attributes:
        records: in the order of their start.
        hardware: CPU or GPU model; several, joined, when mixing was asked for.
    """

    records: tuple[Record, ...]
    hardware: str

    @property
    def cell(self) -> dict[str, Any]:
        """The cell of the first record; the others differ from it in ``VARIED`` only."""
        cell: dict[str, Any] = self.records[0]["cell"]
        return cell

    @property
    def model(self) -> str:
        """What tables call the model."""
        return model_label(str(self.cell["model"]))

    @property
    def key_version(self) -> int:
        """The rules by which the cells were made (:data:`rsbench.cell.KEY_VERSION`)."""
        return key_version_of(self.records[0])

    @property
    def device(self) -> str:
        """``cpu``, ``cuda``, or ``cuda, fast`` for cells that are not deterministic."""
        return str(self.cell["device"]) + ("" if is_deterministic(self.records[0]) else ", fast")

    @property
    def place(self) -> str:
        """What trained: ``2 workers on cuda``, on which samples each where not iid, and over which emulated links."""
        workers = units.count_text(self.cell["workers"], "worker")
        return f"{workers} on {self.device}{self.partition_words}{self.link_words}"

    @property
    def partition(self) -> str:
        """Which worker trains on which samples, as ``--partition`` has it."""
        return str(self.cell.get("partition") or "iid")

    @property
    def partition_words(self) -> str:
        """``, 5 classes a client`` where each worker has training samples of its own, else empty."""
        text = self.cell.get("partition")
        return f", {parse_partition(text).title}" if text else ""

    @property
    def link_words(self) -> str:
        """``, links of 50 Mbit/s`` where links were emulated, else empty."""
        link = self.cell.get("link")
        return f", links of {parse_worker_links(link).title}" if link else ""

    @property
    def rules(self) -> str:
        """A sentence on other rules than those of this version; empty for its own."""
        return rules_sentence(self.key_version)


def rules_sentence(key_version: int) -> str:
    """Return what to know of numbers made by other rules than those of this version; empty for its own."""
    if key_version == KEY_VERSION:
        return ""
    who = EARLIER_RULES if key_version < KEY_VERSION else "a later version"
    return f"Made by {who} (rules {key_version}, today {KEY_VERSION}): not to be compared with cells of this version."


def is_deterministic(record: Record) -> bool:
    """Return whether a repeat of a cell gives the same numbers bit for bit; those that say nothing are such."""
    return bool(record["cell"].get("deterministic", True))


def split_by_setting(records: Sequence[Record], *, mix_hardware: bool = False) -> list[Setting]:
    """Return the records by what was run and where, in the order of first start.

    Args:
        records: checked records.
        mix_hardware: put runs from different hardware into one table all the same.

    Returns:
        Settings; of a cell that was recorded more than once on the same hardware, the newest finished one.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    machines = _machines_by_work(records)
    for record in sorted(records, key=lambda record: str(record["started_utc"])):
        machine = "" if mix_hardware else _machine(record, machines)
        groups.setdefault((work_of(record), machine), []).append(record)
    settings = []
    for group in groups.values():
        names = sorted({_machine(record, machines) for record in group})
        settings.append(Setting(records=tuple(_newest(group)), hardware=" and ".join(names)))
    return settings


def work_of(record: Record, *besides: str) -> str:
    """Return as one text what was run: the rules and all fields of the cell that the rows of a table share.

    Args:
        record: of one cell.
        besides: more fields that are left out.
    """
    varied = {*VARIED, *besides}
    shared = {name: value for name, value in record["cell"].items() if name not in varied}
    return json.dumps([key_version_of(record), shared], sort_keys=True)


def _machines_by_work(records: Sequence[Record]) -> dict[tuple[str, str], str]:
    """Return the hardware of finished cells by work and CPU model."""
    return {
        (work_of(record), str(record["provenance"].get("cpu_model"))): hardware(record["provenance"])
        for record in records
        if record["status"] == "done"
    }


def _machine(record: Record, machines: dict[tuple[str, str], str]) -> str:
    """Return a record's hardware; for a cell that failed before it knew its GPU, that of others on its machine."""
    provenance = record["provenance"]
    if record["status"] == "done" or gpu(provenance):
        return hardware(provenance)
    return machines.get((work_of(record), str(provenance.get("cpu_model"))), hardware(provenance))


def _newest(group: Sequence[Record]) -> list[Record]:
    """Return one record a cell: the last that is done, else the last.

    Cells are told apart by their fields, because keys change with the schema.
    """
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
        plain.append(f"{data_title(setting)}, {setting.model}, {setting.place}")
    return distinct(plain, settings)


def data_title(setting: Setting) -> str:
    """Return the data set's name for people, with a word on synthetic data."""
    described = next((record["dataset"] for record in setting.records if record.get("dataset")), None)
    name = str(described["title"]) if described else str(setting.cell["dataset"])
    if described and described["synthetic"] and "synthetic" not in name.lower():
        name += " (synthetic)"
    return name


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
    cell = setting.cell
    others = [other.cell for other in alike]
    varied = {*VARIED, besides}
    names = [name for name in cell if name not in varied and any(other.get(name) != cell[name] for other in others)]
    texts = [f", {name.replace('_', ' ')} {'none' if cell[name] is None else cell[name]}" for name in names]
    if any(other.key_version != setting.key_version for other in alike):
        texts.append(f", rules {setting.key_version}")
    if any(other.hardware != setting.hardware for other in alike):
        texts.append(f", {setting.hardware}")
    return "".join(texts)
