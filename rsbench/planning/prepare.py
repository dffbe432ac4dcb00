"""Data sets brought into the cache before launch, with a progress bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from rsbench.bars import bars
from rsbench.console import say
from rsbench.paths import data_cache
from rsbench.planning.job import Job, LocatedDataset
from rsbench.planning.request import Request


def prepare(
    todo: Sequence[Job], located: Mapping[str, LocatedDataset], request: Request, console: Console
) -> dict[tuple[str, int], Path]:
    """Bring the data that the cells need into the form that workers read, once, with a progress bar.

    Returns:
        (data set, image size) -> folder of the prepared data.
    """
    folders: dict[tuple[str, int], Path] = {}
    with bars(console, MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        for name, size in dict.fromkeys((job.spec.dataset, job.spec.image_size) for job in todo):
            task = progress.add_task(f"preparing {name} at {size} px", total=None)

            def show(count: int, total: int, task: Any = task) -> None:
                progress.update(task, completed=count, total=total)

            data = located[name].dataset.prepare(request.data_root, data_cache(), size, progress=show)
            folders[name, size] = data.folder
            for warning in (*filter(None, (data.remade,)), *data.warnings):
                say(console, f"Warning: {warning}")
    return folders
