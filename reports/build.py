"""Records -> the one ``Report`` that every format draws."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.reports.conclusion import conclude
from rsbench.reports.figures import panels_of
from rsbench.reports.flat import cells_table, methods_table
from rsbench.reports.methods import Method, methods_of, reference_of, tuning_seeds
from rsbench.reports.origin import origin_of
from rsbench.reports.scaling import scaling_panels
from rsbench.reports.settings import VARIED, Setting, split_by_setting
from rsbench.reports.table import Notes, Report, Section, Table
from rsbench.reports.tables import (
    against_table,
    comparison_table,
    density_tables,
    details_table,
    rates_table,
    times_table,
)
from rsbench.schema import Record

HOW_TO_READ = (
    "OA, AA and kappa are of the test images with the last epoch's weights, mean ± sd over seeds; each method "
    'stands at the learning rate with its best mean validation OA. "vs none" is the mean difference in OA over '
    "common seeds in points, with its paired 95 % t interval; ~ where that holds zero.",
    "Payload is what a worker hands to the collectives in a step (median after warm-up). Ratio is dense bytes / "
    "payload bytes over all steps, the steady ratio the same after warm-up, the wire ratio the same with modelled "
    "wire bytes. Break-even is the modelled link speed of a worker below (<) or above (>) which a step is faster "
    "than none's.",
)


def build_report(
    records: Sequence[Record], problems: Sequence[str] = (), *, mix_hardware: bool = False, against: str = ""
) -> Report:
    """Return everything there is to say about some records.

    Args:
        records: checked records, from one machine or several.
        problems: sentences on records that could not be used.
        mix_hardware: put runs from different hardware into one table.
        against: a row, as the tables call it, that OA is compared with in a table of its own.

    Returns:
        One section for each setting (and hardware), in the order of first start.

    Raises:
        RsbenchError: no finished row is called ``against``.
    """
    settings = split_by_setting(records, mix_hardware=mix_hardware)
    titles = _titles(settings)
    if against:
        known = [method.label for setting in settings for method in methods_of(setting.records) if method.chosen]
        if against not in known:
            raise RsbenchError(f'No finished row is called "{against}".{did_you_mean(against, known)}')
    return Report(
        title="rsbench report",
        sections=tuple(_section(setting, title, against) for setting, title in zip(settings, titles, strict=True)),
        problems=tuple(problems),
        methods=methods_table(settings),
        cells=cells_table(settings),
        figures=scaling_panels(settings),
    )


def _section(setting: Setting, title: str, against: str) -> Section:
    """Return one setting's tables, notes and conclusion."""
    methods = methods_of(setting.records)
    reference = reference_of(methods)
    notes = Notes()
    tables: list[Table | None] = [
        comparison_table(methods, reference, notes),
        against_table(methods, against) if against else None,
        *([details_table(methods, notes), times_table(methods)] if any(method.chosen for method in methods) else []),
        rates_table(methods),
        *density_tables(methods),
    ]
    return Section(
        title=title,
        facts=tuple(_facts(setting, methods)),
        tables=tuple(table for table in tables if table is not None),
        notes=tuple(notes.texts),
        conclusion=conclude(methods),
        figures=panels_of(methods, reference),
        origin=origin_of(setting),
    )


def _titles(settings: Sequence[Setting]) -> list[str]:
    """Return a title for each setting; those that would be alike say in what they differ."""
    plain = [_title(setting) for setting in settings]
    titles = []
    for setting, title in zip(settings, plain, strict=True):
        alike = [other for other, name in zip(settings, plain, strict=True) if name == title]
        titles.append(title + _what_differs(setting, alike))
    return titles


def _what_differs(setting: Setting, alike: Sequence[Setting]) -> str:
    """Return ``, epochs 30, split 50/10/40``: the fields that are not equal in all of some settings."""
    cell = setting.records[0]["cell"]
    others = [other.records[0]["cell"] for other in alike]
    names = [name for name in cell if name not in VARIED and any(other.get(name) != cell[name] for other in others)]
    texts = [f", {name.replace('_', ' ')} {'none' if cell[name] is None else cell[name]}" for name in names]
    if any(other.hardware != setting.hardware for other in alike):
        texts.append(f", {setting.hardware}")
    return "".join(texts)


def _title(setting: Setting) -> str:
    """Return ``UC Merced Land Use, smallvgg, 2 workers on cpu``."""
    cell = setting.records[0]["cell"]
    described = next((record["dataset"] for record in setting.records if record.get("dataset")), None)
    name = str(described["title"]) if described else str(cell["dataset"])
    if described and described["synthetic"] and "synthetic" not in name.lower():
        name += " (synthetic)"
    workers = "1 worker" if cell["workers"] == 1 else f"{cell['workers']} workers"
    return f"{name}, {cell['model']}, {workers} on {cell['device']}"


def _facts(setting: Setting, methods: Sequence[Method]) -> list[str]:
    """Return lines on data, recipe, machine and cells."""
    cell = setting.records[0]["cell"]
    done = [record for record in setting.records if record["status"] == "done"]
    facts = [
        *_data_facts(done),
        _recipe(cell),
        f"Hardware: {setting.hardware}; {_software(done or setting.records)}.",
    ]
    tuning = sorted(tuning_seeds(setting.records))
    seeds = sorted({int(r["cell"]["seed"]) for r in setting.records} - set(tuning))
    counted = f"{len(done)} of {len(setting.records)} cells done"
    tuned = f"; learning rates chosen on seed {', '.join(map(str, tuning))}" if tuning else ""
    facts.append(f"{counted}; seeds {', '.join(map(str, seeds))}{tuned}; {_steps(methods)}.")
    return facts


def _data_facts(done: Sequence[Record]) -> list[str]:
    """Return the data line and the note on parts; nothing before a cell is done."""
    if not done:
        return []
    data = done[0]["dataset"]
    kind = "Synthetic images" if data["synthetic"] else "Images"
    lines = [
        f"{kind}, {len(data['classes'])} classes: {data['train']:,} train, {data['val']:,} validation, "
        f"{data['test']:,} test; split of seed {done[0]['cell']['seed']}: {data['split'].rstrip('.')}."
    ]
    if data["part"]:
        part = str(data["part"])
        lines.append(part if part.startswith("part:") else f"part: {part}")
    model = done[0]["model"]
    lines.append(
        f"Model: {model['name']}, {model['parameters']:,} parameters, {model['one_d_elements']:,} in 1-D tensors."
    )
    return lines


def _recipe(cell: dict[str, Any]) -> str:
    """Return how long and on what each cell trains."""
    epochs = f"{cell['epochs']} epoch{'' if cell['epochs'] == 1 else 's'}"
    if cell.get("max_steps"):
        epochs += f", stopped after {cell['max_steps']} steps"
    size = f", {cell['image_size']} px" if "image_size" in cell else ""
    batch = f", batch {cell['batch_size']} a worker" if "batch_size" in cell else ""
    weights = f", initial weights {cell['weights']}" if cell.get("weights") else ""
    return f"Training: {epochs}{batch}{size}{weights}."


def _software(records: Sequence[Record]) -> str:
    """Return the versions that took part; several are a reason for care."""
    rsbench = sorted({f"rsbench {record['provenance'].get('rsbench', '?')}" for record in records})
    torch = sorted({f"torch {(record['provenance'].get('versions') or {}).get('torch', '?')}" for record in records})
    mixed = " (several versions: compare with care)" if len(rsbench) + len(torch) > 2 else ""
    return ", ".join([*rsbench, *torch]) + mixed


def _steps(methods: Sequence[Method]) -> str:
    """Return the steps trained in a cell."""
    steps = [record["traffic"]["steps"] for method in methods for record in method.done]
    if not steps:
        return "no steps"
    low, high = min(steps), max(steps)
    middle = f"{int(statistics.median(steps)):,}" if low == high else f"{low:,} to {high:,}"
    return f"{middle} steps a cell"
