"""Data sets: one class each, listed in one table.

To add one, write a file with a subclass of :class:`Dataset` (of :class:`SceneDataset` for pictures in class folders, of
:class:`PixelDataset` for a hyperspectral cube and another modality in MATLAB files) and add one line to ``DATASETS``;
other packages do the same through the entry-point group ``rsbench.datasets``.
Nothing here imports torch.
"""

from __future__ import annotations

if __name__ != "rsbench.datasets":
    raise ImportError(
        f'rsbench\'s folder "datasets" was imported as "{__name__}", where it would hide the package of that name: '
        "import rsbench.datasets instead, and keep rsbench's source folder off sys.path and PYTHONPATH."
    )

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from rsbench.datasets.anomalies import abu
from rsbench.datasets.anomalies.dataset import AnomalyDataset
from rsbench.datasets.anomalies.had_mat import HYDICE, HADMat, SanDiego
from rsbench.datasets.anomalies.prepared import AnomalyScene
from rsbench.datasets.anomalies.synthetic_had import SyntheticHAD
from rsbench.datasets.base import DataNotFound, Dataset, Download, Family, Finding, Progress, Survey
from rsbench.datasets.changes.change_folder import ChangeFolder
from rsbench.datasets.changes.dataset import ChangeDataset
from rsbench.datasets.changes.landsat_change import LandsatChange
from rsbench.datasets.changes.oscd import OSCD
from rsbench.datasets.changes.prepared import Changes
from rsbench.datasets.changes.published import CDD, DSIFN, LEVIRCD, LEVIRCD256, SYSU, WHUCD
from rsbench.datasets.changes.synthetic_changes import SyntheticChanges
from rsbench.datasets.fetch import FetchReport, fetch_dataset
from rsbench.datasets.io.download import FetchProgress
from rsbench.datasets.pixels.augsburg import Augsburg
from rsbench.datasets.pixels.berlin import Berlin
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.houston2013 import Houston2013
from rsbench.datasets.pixels.idtrees import IDTReeS
from rsbench.datasets.pixels.multimodal_mat import MultimodalMat
from rsbench.datasets.pixels.muufl import MUUFL
from rsbench.datasets.pixels.prepared import Pixels
from rsbench.datasets.pixels.source import FileLayout
from rsbench.datasets.pixels.trento import Trento
from rsbench.datasets.scenes.check import CheckReport
from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.eurosat import EuroSAT
from rsbench.datasets.scenes.imagefolder import ImageFolder
from rsbench.datasets.scenes.nwpu45 import NWPU45
from rsbench.datasets.scenes.prepared import Scenes
from rsbench.datasets.scenes.source import Picture, Source
from rsbench.datasets.scenes.synthetic import Synthetic
from rsbench.datasets.scenes.ucm21 import UCM21
from rsbench.datasets.split import Split
from rsbench.datasets.targets.dataset import TargetDataset
from rsbench.datasets.targets.htd_mat import HTDMat
from rsbench.datasets.targets.muufl_target import MUUFLTarget
from rsbench.datasets.targets.prepared import TargetScene
from rsbench.datasets.targets.synthetic_htd import SyntheticHTD, SyntheticHTD1GB
from rsbench.errors import RsbenchError, did_you_mean
from rsbench.plugins import refuse_broken, table_with_plugins

__all__ = [
    "DATASETS",
    "PLUGINS",
    "AnomalyDataset",
    "AnomalyScene",
    "ChangeDataset",
    "Changes",
    "CheckReport",
    "Dataset",
    "Download",
    "Family",
    "FetchProgress",
    "FetchReport",
    "FileLayout",
    "Picture",
    "PixelDataset",
    "Pixels",
    "Progress",
    "SceneDataset",
    "Scenes",
    "Source",
    "Split",
    "Survey",
    "TargetDataset",
    "TargetScene",
    "available",
    "check",
    "families",
    "fetch",
    "get",
]

PLUGINS = "rsbench.datasets"
"""Entry-point group of data sets that other packages bring."""

DATASETS: dict[str, type[Dataset]] = {
    "synthetic": Synthetic,
    "ucm21": UCM21,
    "nwpu45": NWPU45,
    "eurosat": EuroSAT,
    "imagefolder": ImageFolder,
    "houston2013": Houston2013,
    "trento": Trento,
    "muufl": MUUFL,
    "augsburg": Augsburg,
    "berlin": Berlin,
    "idtrees": IDTReeS,
    "multimodal-mat": MultimodalMat,
    "muufl-target": MUUFLTarget,
    "htd-mat": HTDMat,
    "synthetic-htd": SyntheticHTD,
    "synthetic-htd-1gb": SyntheticHTD1GB,
    **abu.SCENES,
    "hydice": HYDICE,
    "san-diego": SanDiego,
    "had-mat": HADMat,
    "synthetic-had": SyntheticHAD,
    "levir-cd": LEVIRCD,
    "levir-cd-256": LEVIRCD256,
    "whu-cd": WHUCD,
    "dsifn": DSIFN,
    "cdd": CDD,
    "sysu": SYSU,
    "oscd": OSCD,
    "change-folder": ChangeFolder,
    "landsat-change": LandsatChange,
    "synthetic-changes": SyntheticChanges,
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Return :class:`FileLayout` under its former name."""
        if name == "Layout":
            warnings.warn("rsbench.datasets.Layout is now called FileLayout.", DeprecationWarning, stacklevel=2)
            return FileLayout
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def available() -> dict[str, type[Dataset]]:
    """Return all data sets by name, those of other packages last."""
    return table_with_plugins(PLUGINS, DATASETS, Dataset)


def families() -> dict[str, tuple[str, ...]]:
    """Return the names that stand for several data sets, each with its members in order."""
    members: dict[str, list[str]] = {}
    for name, kind in available().items():
        if kind.family is not None:
            members.setdefault(kind.family.name, []).append(name)
    return {name: tuple(names) for name, names in members.items()}


def get(name: str) -> Dataset:
    """Return the data set of that name.

    Raises:
        RsbenchError: if there is none, it is a family, or another package's cannot be loaded.
    """
    dataset = DATASETS.get(name) or available().get(name)
    if dataset is None:
        refuse_broken(PLUGINS, name)
        members = families().get(name, ())
        if members:
            raise RsbenchError(f'"{name}" stands for {len(members)} data sets: name one of {", ".join(members)}.')
        raise RsbenchError(f'There is no data set "{name}".{did_you_mean(name, [*available(), *families()])}')
    return dataset()


def fetch(name: str, data_root: Path, progress: FetchProgress | None = None) -> FetchReport:
    """Download and unpack what is missing of a data set.

    Args:
        name: of the data set.
        data_root: folder of all data sets; made if need be.
        progress: called with (file name, done, in all), in bytes while downloading and in files while unpacking;
            "in all" is 0 where it is not known.

    Raises:
        RsbenchError: unknown name, nothing to fetch, no connection, a digest that differs, a full disk.
    """
    members = families().get(name, ())
    if members and not any(get(member).downloads for member in members):
        first = get(members[0])
        raise RsbenchError(
            f'rsbench cannot download the {len(members)} data sets that "{name}" stands for: get them from '
            f"{first.homepage}. Layout of the first, with {data_root} as DATA_ROOT: {first.layout}"
        )
    return fetch_dataset(get(name), data_root, progress)


def present(name: str, data_root: Path) -> tuple[str, ...]:
    """Return the members of a family that are there, or the name of a data set itself.

    Args:
        name: of a data set or a family.
        data_root: folder of all data sets.

    Raises:
        RsbenchError: no member is there; says what the first one wants.
    """
    members = families().get(name, ())
    there, missing = [], []
    for member in members:
        try:
            get(member).survey(data_root)
        except DataNotFound as error:
            missing.append(error)
        except RsbenchError:  # the check tells what is wrong
            there.append(member)
        else:
            there.append(member)
    if members and not there:
        raise RsbenchError(f'None of the {len(members)} data sets that "{name}" stands for is there. {missing[0]}')
    return tuple(there) or (name,)


def check(name: str, data_root: Path, progress: Progress | None = None) -> Finding:
    """Read all of a data set and say what is wrong with it.

    Args:
        name: of the data set.
        data_root: folder of all data sets.
        progress: called with (pieces done, pieces in all).

    Raises:
        RsbenchError: unknown name, or the data set is not there.
    """
    return get(name).check(data_root, progress)
