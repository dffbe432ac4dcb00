"""What a section says of its data, recipe, machine, cells and commands."""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rsbench.cell import FAST
from rsbench.recipe.model_text import model_label
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import WORTH_NAMING, Comparison
from rsbench.reports.analysis.methods import Method, tuning_seeds
from rsbench.reports.analysis.settings import VARIED, Setting, is_deterministic
from rsbench.reports.analysis.statistics.differences import CONFIDENCE, Difference
from rsbench.reports.analysis.statistics.images import ImageDifference
from rsbench.reports.analysis.statistics.power import POWER, seeds_needed
from rsbench.results.provenance import gpu
from rsbench.results.schema import Record

MOST_COMMANDS: Final = 12
"""Commands that a section spells out; the flat table of cells has all."""
FEWEST_PAIRS: Final = 3
"""Differences from which their standard deviation says anything on how many are needed."""
_MACHINE: Final = ("cpu_model", "cpu_count", "os", "python")
_RUNTIME: Final = ("backend", "nccl", "threads", "kernels", "deterministic")
_FAST: Final = (
    f"Fast cells: {FAST}, so that a repeat gives other last digits; deterministic cells of the same work are others, "
    "in a table of their own."
)

Provenance = Mapping[str, Any]
"""A record's account of the code, packages and machine that made it."""


def facts_of(comparison: Comparison) -> tuple[str, ...]:
    """Return lines on data, recipe, machine, cells, what is missing for certainty, and the commands."""
    setting = comparison.setting
    done = [record for record in setting.records if record["status"] == "done"]
    return (
        *_data_facts(done, comparison.task.sample),
        *warnings_of(done),
        *([setting.rules] if setting.rules else []),
        *([] if is_deterministic(setting.records[0]) else [_FAST]),
        _recipe(setting.cell),
        f"Hardware: {setting.hardware}; {_software(done or setting.records)}.",
        cells_fact(comparison),
        *_seeds_fact(comparison),
        *commands(setting.records),
    )


def cells_fact(comparison: Comparison) -> str:
    """Return how many cells are done, of which seeds, and how long each is."""
    setting = comparison.setting
    done = sum(record["status"] == "done" for record in setting.records)
    tuning = sorted(tuning_seeds(setting.records))
    seeds = sorted({int(r["cell"]["seed"]) for r in setting.records} - set(tuning))
    tuned = f"; learning rates chosen on seed {', '.join(map(str, tuning))}" if tuning else ""
    total = len(setting.records)
    counted = f"{done} of {total} cell{'' if total == 1 else 's'} done"
    named = f"seed{'' if len(seeds) == 1 else 's'} {', '.join(map(str, seeds))}"
    return f"{counted}; {named}{tuned}; {_steps(comparison.methods)}."


def warnings_of(records: Sequence[Record]) -> list[str]:
    """Return what the data set warns of, such as neighbouring pixels in both training and test, each once."""
    warnings = []
    for record in records:
        listed = (record["dataset"] or {}).get("warnings")
        warnings += [text for text in (listed if isinstance(listed, list) else []) if isinstance(text, str) and text]
    return [f"Warning: {text}" for text in dict.fromkeys(warnings)]


def target_origins(records: Sequence[Record]) -> list[str]:
    """Return where the spectrum comes from that target detection looks for, each origin once."""
    origins = [(record["dataset"] or {}).get("target_origin") for record in records if record["status"] == "done"]
    return list(dict.fromkeys(origin for origin in origins if isinstance(origin, str) and origin))


def commands(records: Sequence[Record]) -> list[str]:
    """Return one line for each command that made some records, in the order of their start."""
    texts = dict.fromkeys(text for text in map(command_of, records) if text)
    lines = [f"Command: {text}" for text in list(texts)[:MOST_COMMANDS]]
    if len(texts) > MOST_COMMANDS:
        lines.append(f"And {len(texts) - MOST_COMMANDS} more commands: see the table of cells.")
    return lines


def command_of(record: Record) -> str:
    """Return the command that made a record as one types it, empty where it is not known."""
    argv = record["provenance"].get("argv")
    if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
        return ""
    start = ["python", "-m", "rsbench"] if argv[0] == "__main__.py" else argv[:1]
    return shlex.join([*start, *argv[1:]])


def _seeds_fact(comparison: Comparison) -> list[str]:
    """Return how many seeds would tell half a point (0.005 of an AUC) from zero, where fewer were run.

    In the table's own terms, its intervals holding together.
    """
    gaps, metric, count = comparison.gaps, comparison.metric, comparison.comparisons
    short = {
        label: needed
        for label, needed in seeds_for_worth(comparison, gaps).items()
        if (gap := gaps[label]) is not None and (needed is None or needed > gap.count)
    }
    if not short:
        return []
    enough = {label: needed for label, needed in short.items() if needed is not None}
    clauses = [f"{needed} for {label}" for label, needed in sorted(enough.items(), key=lambda item: item[1])]
    if len(enough) < len(short):
        clauses.append(f"more test {comparison.task.sample}s for {' and '.join(sorted(short.keys() - enough.keys()))}")
    together = f" for all {count} comparisons together" if count > 1 else ""
    sure = f"{100 * CONFIDENCE:.0f} % confidence{together}, {100 * POWER:.0f} % power"
    least = numbers.threshold_text(metric, WORTH_NAMING)
    return [
        f"More seeds: telling {least} of {metric.heading} from zero takes about {', '.join(clauses)} "
        f"({sure}, by the sd of the paired differences)."
    ]


def seeds_for_worth(comparison: Comparison, gaps: Mapping[str, Difference | None]) -> dict[str, int | None]:
    """Return label -> how many seeds tell half a point (0.005 of an AUC) from zero, None where no number does.

    Nothing of intervals about new data by the size of the test set: no number of seeds makes them narrow.

    Args:
        comparison: says what intervals are about.
        gaps: the differences of one table, whose intervals hold together; those of fewer than three pairs are left out.
    """
    if comparison.test_per_train:
        return {}
    tested = sum(gap is not None and gap.p is not None for gap in gaps.values())
    confidence = 1 - (1 - CONFIDENCE) / max(1, tested)
    return {
        label: seeds_needed(
            gap.sd,
            WORTH_NAMING,
            confidence=confidence,
            shared=gap.image_error if isinstance(gap, ImageDifference) else 0.0,
        )
        for label, gap in gaps.items()
        if gap is not None and gap.sd is not None and gap.count >= FEWEST_PAIRS
    }


def _data_facts(done: Sequence[Record], sample: str) -> list[str]:
    """Return the data line and the note on parts; nothing before a cell is done."""
    if not done:
        return []
    data = done[0]["dataset"]
    kind = f"Synthetic {sample}s" if data["synthetic"] else f"{sample.capitalize()}s"
    counts = f": {data['train']:,} train, {data['val']:,} val, {data['test']:,} test"
    split = data["split"].rstrip(".").removesuffix(" pixels").removesuffix(counts)
    lines = [
        f"{kind}, {len(data['classes'])} classes: {data['train']:,} train, {data['val']:,} validation, "
        f"{data['test']:,} test; split of seed {done[0]['cell']['seed']}: {split}."
    ]
    if data["part"]:
        part = str(data["part"])
        lines.append(part if part.startswith("part:") else f"part: {part}")
    model = done[0]["model"]
    label = model_label(model["name"])
    lines.append(f"Model: {label}, {model['parameters']:,} parameters, {model['one_d_elements']:,} in 1-D tensors.")
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


def origin_of(setting: Setting) -> tuple[tuple[str, str], ...]:
    """Return name and value of what a setting's numbers come from; all values where its records differ."""
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
        "rules": str(setting.key_version),
        "data fingerprint": _distinct((record.get("dataset") or {}).get("fingerprint") for record in records),
        "first cell started": started[0],
        "last cell started": started[-1],
    }
    facts |= {name.replace("_", " "): _distinct([value]) for name, value in setting.cell.items() if name not in VARIED}
    return tuple((name, text) for name, text in facts.items() if text)


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
