"""``rsbench data fetch``: everything that a data set publishes, downloaded, compared and unpacked."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.io.download import FetchedFile, FetchProgress, download
from rsbench.datasets.io.unpack import unpack
from rsbench.datasets.scenes.class_folders import FolderSource
from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.source import Source
from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class FetchReport:
    """What a fetch did."""

    name: str
    title: str
    where: Path
    """Where the pictures stand now."""
    images: int
    files: tuple[FetchedFile, ...]
    unpacked_files: int
    notes: tuple[str, ...]
    """Sentences for the user: what was there already, what has no published digest."""


def fetch_dataset(dataset: Dataset, data_root: Path, progress: FetchProgress | None = None) -> FetchReport:
    """Download what is missing of a data set and unpack it below ``data_root``.

    Args:
        dataset: what to get.
        data_root: folder of all data sets; made if need be.
        progress: called with (file name, bytes or members done, bytes or members in all; 0 if not known).

    Raises:
        RsbenchError: a data set without downloads, and whatever goes wrong on the way.
    """
    if not dataset.downloads or not isinstance(dataset, SceneDataset):
        raise RsbenchError(_nothing_to_fetch(dataset, data_root))
    complete = _complete_folders(dataset, data_root)
    files: list[FetchedFile] = []
    notes: list[str] = []
    unpacked = 0
    for item in dataset.downloads:
        if item.unpack_into is not None and complete is not None:
            notes.append(f"{complete.where} is complete already; {Path(item.file).name} was not downloaded.")
            continue
        fetched = download(item, data_root, progress)
        files.append(fetched)
        notes += fetched.failures
        if not fetched.md5_published:
            notes.append(f"{item.url} publishes no digest; SHA-256 of what arrived: {fetched.sha256}.")
        if item.unpack_into is not None:
            folder = data_root / item.unpack_into
            unpacked += unpack(fetched.path, folder, _named(f"unpacking {fetched.path.name}", progress))
    source = dataset.locate(data_root)
    return FetchReport(
        name=dataset.name,
        title=dataset.title,
        where=source.where,
        images=len(source.pictures),
        files=tuple(files),
        unpacked_files=unpacked,
        notes=(*notes, *source.sentences),
    )


def _nothing_to_fetch(dataset: Dataset, data_root: Path) -> str:
    """Return why a data set cannot be downloaded, and what to do instead."""
    if dataset.synthetic:
        return f'The data set "{dataset.name}" is generated: there is nothing to fetch ({dataset.layout.rstrip(".")}).'
    way = dataset.way_to_get(data_root)
    return (
        f'rsbench cannot download "{dataset.name}" ({dataset.title}): {way}. '
        f"Layout, with {data_root} as DATA_ROOT: {dataset.layout}"
    )


def _complete_folders(dataset: SceneDataset, data_root: Path) -> Source | None:
    """Return the source if all pictures stand there as files."""
    try:
        source = dataset.locate(data_root)
    except RsbenchError:
        return None
    return source if isinstance(source, FolderSource) and dataset.part(source) is None else None


def _named(name: str, progress: FetchProgress | None) -> Progress | None:
    """Return a callback for (done, in all) that hands on a name with them."""
    return None if progress is None else functools.partial(progress, name)
