"""A scene converted once into arrays on disk that every worker maps: bounded memory, one shared copy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Progress
from rsbench.datasets.io.matlab import MatArray
from rsbench.datasets.io.prepared_folder import new_array, once, read_facts
from rsbench.datasets.pixels import spatial_split as spatial
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.label_maps import GroundTruth, LabelMap
from rsbench.datasets.pixels.source import PixelSource, PixelSurvey
from rsbench.datasets.pixels.spatial_split import BlockGrid
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError

SCHEMA = 1
HSI, AUX, LABELS, FILLED, FACTS = "hsi.npy", "aux.npy", "labels.npy", "filled.npy", "pixels.json"
_LIST = "{part}.npy"


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """A converted scene; the arrays stay on disk until they are asked for.

    Attributes:
        aux_name: of the other modality, such as ``LiDAR``.
        not_finite: values in both modalities that are no number; readers put the mean of the training pixels there.
        official: whether there are official lists, which ``note`` describes.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    aux_name: str
    folder: Path
    fingerprint: str
    part: str | None
    synthetic: bool
    warnings: tuple[str, ...]
    not_finite: int
    official: bool
    note: str
    blocks: BlockGrid
    stamp: str

    @classmethod
    def load(cls, folder: Path) -> Pixels:
        """Open a folder that ``prepare`` made.

        Raises:
            RsbenchError: if there is none, or another rsbench wrote it.
        """
        facts = read_facts(folder, FACTS, SCHEMA)
        return cls(
            folder=folder,
            class_names=tuple(facts.pop("class_names")),
            warnings=tuple(facts.pop("warnings")),
            blocks=BlockGrid(**facts.pop("blocks")),
            **facts,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what ``pixels.json`` holds (everything but the folder's own path)."""
        facts = asdict(self)
        del facts["folder"]
        return {"schema": SCHEMA, **facts}

    def hsi(self) -> NDArray[Any]:
        """Return the hyperspectral cube ``[H, W, bands]`` in its own dtype, as a read-only memory map."""
        return self._map(HSI)

    def aux(self) -> NDArray[Any]:
        """Return the other modality ``[H, W, channels]`` likewise."""
        return self._map(AUX)

    def filled(self) -> NDArray[np.bool_]:
        """Return which pixels ``[H, W]`` hold only zeros in the cube: fill around or between what was flown over."""
        return self._map(FILLED)

    def labels(self) -> LabelMap:
        """Return the class of each pixel ``[H, W]`` from 1 upwards, 0 where it is not known."""
        labels: LabelMap = np.load(self.folder / LABELS)
        return labels

    def ground_truth(self) -> GroundTruth:
        """Return labels and official lists."""
        lists = {part: np.load(self.folder / _LIST.format(part=part)) for part in ("train", "test") if self.official}
        return GroundTruth(labels_HW=self.labels(), lists=lists or None, note=self.note)

    def split(self, split: str, seed: int) -> Split:
        """Return which pixels train, validate and test, as flat positions; see ``choose``.

        Raises:
            RsbenchError: if the text is not understood or a part stays empty.
        """
        return spatial.choose(split, self.ground_truth(), self.class_names, self.blocks, seed)

    def _map(self, name: str) -> NDArray[Any]:
        array: NDArray[Any] = np.load(self.folder / name, mmap_mode="r")
        return array


def build(dataset: PixelDataset, survey: PixelSurvey, cache_root: Path, progress: Progress | None) -> Pixels:
    """Return the converted copy of a scene below ``cache_root``, making it first where there is none.

    Raises:
        RsbenchError: broken files, a cache folder that cannot be written or is full.
    """
    folder = cache_root / f"{dataset.name}-{survey.fingerprint}"
    stamp = survey.source.stamp()

    def ready() -> Pixels | None:
        if not (folder / FACTS).is_file():
            return None
        try:
            pixels = Pixels.load(folder)
        except RsbenchError:
            return None
        return pixels if pixels.stamp == stamp else None

    def write(made: Path) -> Pixels:
        return _converted(made, folder, dataset, survey, progress)

    return once(folder, dataset.name, ready, write)


def _converted(
    made: Path, folder: Path, dataset: PixelDataset, survey: PixelSurvey, progress: Progress | None
) -> Pixels:
    """Write all arrays into the folder ``made``, which will be moved to ``folder``."""
    source, truth = survey.source, survey.source.ground_truth
    height = source.height
    filled: list[NDArray[np.bool_]] = []
    bad = _convert(made / HSI, source, source.hsi, lambda rows: _told(progress, rows, 2 * height), filled)
    bad += _convert(made / AUX, source, source.aux, lambda rows: _told(progress, height + rows, 2 * height), [])
    np.save(made / FILLED, np.concatenate(filled))
    np.save(made / LABELS, truth.labels_HW)
    for part, positions in (truth.lists or {}).items():
        np.save(made / _LIST.format(part=part), positions)
    pixels = Pixels(
        name=dataset.name,
        title=dataset.title,
        class_names=source.names,
        aux_name=dataset.aux_name,
        folder=folder,
        fingerprint=survey.fingerprint,
        part=survey.part,
        synthetic=dataset.synthetic,
        warnings=tuple(_warnings(dataset, survey, bad)),
        not_finite=bad,
        official=truth.lists is not None,
        note=truth.note,
        blocks=survey.blocks,
        stamp=source.stamp(),
    )
    (made / FACTS).write_text(json.dumps(pixels.to_dict()), encoding="utf-8")
    return pixels


def _warnings(dataset: PixelDataset, survey: PixelSurvey, not_finite: int) -> list[str]:
    sentences = []
    if survey.part is not None:
        sentences.append(
            f"{dataset.title} at {survey.where} is a {survey.part}; its accuracies cannot be set beside "
            "those for the release."
        )
    if not_finite:
        sentences.append(
            f"{dataset.title} at {survey.where} has {not_finite:,} values that are no number; the mean of "
            "the training pixels stands in for them."
        )
    return sentences


def _told(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _convert(
    path: Path, source: PixelSource, array: MatArray, told: Callable[[int], None], filled: list[NDArray[np.bool_]]
) -> int:
    """Write one modality as ``[H, W, C]``, block by block.

    Args:
        path: of the new file.
        source: the scene.
        array: one of its modalities.
        told: called with the number of rows done.
        filled: which pixels are all zero is appended here, block by block.

    Returns:
        How many values are no number.
    """
    axes, channels, done, bad = source.axes(array), source.channels(array), 0, 0
    blocks = array.rows(axes)
    first = next(blocks)
    with new_array(path, first.dtype, (source.height, source.width, channels)) as file:
        block: NDArray[Any] | None = first
        while block is not None:
            rows_HWC = block.reshape(len(block), source.width, channels)
            file.write(rows_HWC.data)
            filled.append(np.logical_not(rows_HWC.any(axis=2)))
            if rows_HWC.dtype.kind == "f":
                bad += rows_HWC.size - int(np.count_nonzero(np.isfinite(rows_HWC)))
            done += len(rows_HWC)
            told(done)
            block = next(blocks, None)
    return bad
