"""``rsbench list models``: networks by task, with their sizes and the largest ratio that they can be compressed by."""

from __future__ import annotations

from typing import Final

from rsbench.cli.lists.table import Asked, Listing, Row
from rsbench.console import harmless
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.metrics import TASKS, TaskFacts
from rsbench.models.origin import offered, source_of
from rsbench.models.rates import RATES
from rsbench.planning import model_sizes, probe
from rsbench.planning.model_sizes import ModelSize
from rsbench.recipe import bsdm, fedfusion
from rsbench.recipe.model_text import FORMS, canonical_model
from rsbench.units import number_text

_COLUMNS = ("Model", "Task", "Parameters (M)", "Gradients (MB)", "Largest ratio")
_OWN_TASK = "scenes"
"""The task that own models are measured for."""
CHANGE_NETWORKS: Final = {
    "fc-siam-conc": "options width=1 to 256, dropout=0 to 0.9: fc-siam-conc:width=8,dropout=0",
    "fc-siam-diff": "options width=1 to 256, dropout=0 to 0.9: fc-siam-diff:width=8,dropout=0",
    "ar-cdnet": "after AR-CDNet; options width=4 to 256, order=same|swapped: ar-cdnet:width=16",
}
"""What listings say of networks for change detection, as their classes have it."""
_AAE: Final = (
    "targets: the known spectrum is mixed in, and the network learns to return the background without it.",
    "anomalies: nothing is mixed in; the score is the norm of what the network does not return.",
)
"""What the auto-encoder does in its two tasks."""
_COUNTED: Final = {
    "classes": ("class", "classes"),
    "channels": ("channel", "channels"),
    "bands": ("band", "bands"),
    "hsi_bands": ("band", "bands"),
    "aux_channels": ("other channel", "other channels"),
}
"""Counts of :attr:`~rsbench.metrics.TaskFacts.sized_for` -> words for one and for several."""


def models(asked: Asked) -> Listing:
    """Return the models that --model takes; own ones where they are named, or offered by an installed package.

    Raises:
        RsbenchError: a name that is asked for is no model, or its code cannot be trained.
    """
    ours: dict[str, list[str]] = {}
    for task, names in probe.model_names().items():
        for name in names:
            ours.setdefault(name, []).append(task)
    named = [name for name in asked.names if name not in ours]
    for name in named:
        if source_of(name) is None:
            raise RsbenchError(
                f'`rsbench list models` has no "{harmless(name)}".{did_you_mean(name, [*ours, *offered()])}'
            )
    rows = [_row(name, tasks, model_sizes.shipped(name)) for name, tasks in ours.items()]
    rows += [_row(name, [_OWN_TASK], model_sizes.measured(_OWN_TASK, canonical_model(name))) for name in named]
    rows += [_row(name, [_OWN_TASK], None) for name in offered() if name not in named]
    return Listing(
        what="models",
        columns=_COLUMNS,
        rows=tuple(rows),
        results=(_sizes_of_what(),),
        hints=(f"--model takes {FORMS}. See docs/own-model.md.",),
    )


def _row(name: str, tasks: list[str], size: ModelSize | None) -> Row:
    """Return a model's line, with its first task's sizes; sizes that are not known are left empty."""
    texts = ("-", "-", "-") if size is None else _texts(size)
    remarks = _remarks(name)
    facts = {
        "name": name,
        "task": tasks[0],
        "tasks": tasks,
        "parameters": size and size.parameters,
        "gradient_bytes": size and size.gradient_bytes,
        "largest_ratio": size and size.largest_ratio,
        "image_size": model_sizes.image_size_for(tasks[0], name),
        "offered_by": offered().get(name),
        "remarks": list(remarks),
    }
    return Row(name=name, texts=(name, ", ".join(tasks), *texts), facts=facts, details=remarks)


def _texts(size: ModelSize) -> tuple[str, str, str]:
    ratio = model_sizes.ratio_text(size.largest_ratio)
    return number_text(size.parameters / 1e6), number_text(size.gradient_bytes / 1e6), ratio


def _remarks(name: str) -> tuple[str, ...]:
    """Return what else there is to know of a model."""
    if name in offered():
        return (f"Offered by an installed package: {offered()[name]}.",)
    if name in RATES:
        return (f"The learning rate is {RATES[name]:g} at most by default.",)
    if name == "aae":
        return _AAE
    options = {name: f"{words}." for name, words in CHANGE_NETWORKS.items()}
    options |= {fedfusion.NAME: f"{fedfusion.AFTER}; {fedfusion.OPTIONS}.", bsdm.NAME: f"{bsdm.OPTIONS}."}
    return (options[name],) if name in options else ()


def _data_of(facts: TaskFacts) -> str:
    """Return ``15 classes, 144 bands, 1 other channel, 9 px``."""
    counts = [f"{count} {_COUNTED[name][count != 1]}" for name, count in facts.sized_for.items()]
    return ", ".join([*counts, *([f"{facts.sized_at} px"] if facts.sized_at > 1 else [])])


def _sizes_of_what() -> str:
    """Return the sentence that says for which data and compressor the figures are."""
    small = ", ".join(f"{name} at {size} px" for name, size in model_sizes.SMALL_IMAGES.items())
    of_tasks = "; ".join(f"{task}: {_data_of(facts)}" for task, facts in TASKS.items())
    return (
        f"Sizes are for {of_tasks}. Of scenes, {small}. Largest ratio: of {model_sizes.COMPRESSOR} in payload "
        "bytes, with one element of each matrix and all of the smaller tensors; other compressors differ."
    )
