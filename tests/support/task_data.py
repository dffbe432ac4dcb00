"""A small generated data set for every task, prepared: what the contract tests of tasks run on.

A task is found by itself if a data set of it is generated; :data:`SMALLER` has those that would take seconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mat_scenes

from rsbench.cell import CellSpec
from rsbench.datasets import DATASETS, Dataset, get
from rsbench.datasets.base import Survey
from rsbench.datasets.scenes.source import Source
from rsbench.datasets.scenes.synthetic import Synthetic

IMAGES_PER_CLASS = 6
BATCH_SIZE = 32


class FewScenes(Synthetic):
    """The generated scenes, six of each class."""

    images = IMAGES_PER_CLASS * len(Synthetic.class_names)
    image_size = 32

    def locate(self, data_root: Path) -> Source:
        whole = super().locate(data_root)
        kept = tuple(picture for picture in whole.pictures if int(picture.name[-3:]) < IMAGES_PER_CLASS)
        return dataclasses.replace(whole, pictures=kept)


def _cut_down(name: str) -> Dataset:
    """Return a generated scene of spectra with fewer pixels and bands, and as good a share of marked ones."""
    whole: Any = DATASETS[name]
    recipe = dataclasses.replace(whole.recipe, height=24, width=30, bands=16, targets=8)
    few: Dataset = type("FewSpectra", (whole,), {"recipe": recipe})()
    return few


def _multimodal(root: Path) -> Dataset:
    mat_scenes.mmrs(root, mat_scenes.made(channels=2))
    return get("idtrees")


SMALLER: dict[str, Callable[[Path], Dataset]] = {
    "scenes": lambda root: FewScenes(),
    "pixels": _multimodal,
    "targets": lambda root: _cut_down("synthetic-htd"),
    "anomalies": lambda root: _cut_down("synthetic-had"),
}
"""Task -> what writes its data below a root, if it needs any, and returns the data set."""


@dataclass(frozen=True)
class Small:
    """A prepared data set of one task.

    Attributes:
        dataset: its facts.
        survey: what planning knows of it.
        folder: of the prepared form.
        image_size: side of pictures or patches, in pixels.
    """

    dataset: Dataset
    survey: Survey
    folder: Path
    image_size: int

    def cell(self, **changes: Any) -> CellSpec:
        """Return a cell of one worker on these data, with some fields changed."""
        data = {"dataset": self.dataset.name, "dataset_fingerprint": self.survey.fingerprint, "split": "official"}
        kind = {"model": self.survey.model or self.dataset.model, "optimizer": self.dataset.optimizer}
        size = {"image_size": self.image_size, "batch_size": BATCH_SIZE, "epochs": 1, "workers": 1, "device": "cpu"}
        method = {"compressor": "topk", "ratio": 4.0, "lr": 1e-3, "seed": 0}
        return CellSpec.from_dict({**data, **kind, **size, **method, **changes})


def prepared(task: str, folder: Path) -> Small:
    """Return the small data set of a task, prepared below an empty folder.

    Raises:
        AssertionError: no data set of the task is generated, and :data:`SMALLER` has none.
    """
    generated = [name for name, one in DATASETS.items() if one.task == task and one.synthetic]
    assert task in SMALLER or generated, f"the contract tests need a generated data set of the task {task!r}"
    dataset = SMALLER[task](folder) if task in SMALLER else get(generated[0])
    made = dataset.prepare(folder, folder / "cache", dataset.image_size)
    return Small(dataset, dataset.survey(folder), made.folder, dataset.image_size)
