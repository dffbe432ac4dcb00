"""Data sets: one class each, listed in one table.

To add one, write a file with a subclass of :class:`SceneDataset` and add one line to ``DATASETS``; other packages
do the same through the entry-point group ``rsbench.datasets``. Nothing here imports torch.
"""

from __future__ import annotations

if __name__ != "rsbench.datasets":
    raise ImportError(
        f'rsbench\'s folder "datasets" was imported as "{__name__}", where it would hide the package of that name: '
        "import rsbench.datasets instead, and keep rsbench's source folder off sys.path and PYTHONPATH."
    )

from rsbench.datasets.base import Download, Picture, SceneDataset, Source
from rsbench.datasets.eurosat import EuroSAT
from rsbench.datasets.imagefolder import ImageFolder
from rsbench.datasets.nwpu45 import NWPU45
from rsbench.datasets.scenes import Scenes
from rsbench.datasets.split import Split
from rsbench.datasets.synthetic import Synthetic
from rsbench.datasets.ucm21 import UCM21
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.plugins import table_with_plugins

__all__ = [
    "DATASETS",
    "PLUGINS",
    "Download",
    "Picture",
    "SceneDataset",
    "Scenes",
    "Source",
    "Split",
    "available",
    "get",
]

PLUGINS = "rsbench.datasets"
"""Entry-point group of data sets that other packages bring."""

DATASETS: dict[str, type[SceneDataset]] = {
    "synthetic": Synthetic,
    "ucm21": UCM21,
    "nwpu45": NWPU45,
    "eurosat": EuroSAT,
    "imagefolder": ImageFolder,
}


def available() -> dict[str, type[SceneDataset]]:
    """Return all data sets by name, those of other packages last."""
    return table_with_plugins(PLUGINS, DATASETS)


def get(name: str) -> SceneDataset:
    """Return the data set of that name.

    Raises:
        RsbenchError: if there is none, or another package's cannot be loaded.
    """
    dataset = DATASETS.get(name) or available().get(name)
    if dataset is None:
        raise RsbenchError(f'There is no data set "{name}".{did_you_mean(name, available())}')
    return dataset()
