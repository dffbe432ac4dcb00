"""A scene converted once into arrays on disk that every worker maps: bounded memory, one shared copy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.io.matlab import MatArray
from rsbench.datasets.io.prepared_folder import PreparedFolder, new_array
from rsbench.datasets.pixels import spatial_split
from rsbench.datasets.pixels.label_maps import GroundTruth, LabelMap
from rsbench.datasets.pixels.source import PixelSource, PixelSurvey
from rsbench.datasets.pixels.spatial_split import BlockGrid
from rsbench.datasets.split import Split

HSI, AUX, LABELS, FILLED = "hsi.npy", "aux.npy", "labels.npy", "filled.npy"
_LIST = "{part}.npy"


@dataclass(frozen=True, kw_only=True)
class Pixels(PreparedFolder):
    """A converted scene; the arrays stay on disk until they are asked for.

    Attributes:
        aux_name: of the other modality, such as ``LiDAR``.
        part: words for another size than the release, else None.
        warnings: sentences for the user.
        not_finite: values in both modalities that are no number; readers put the mean of the training pixels there.
        official: whether there are official lists, which ``note`` describes.
        blocks: how the scene is cut for splits.
    """

    METADATA = "pixels.json"
    SCHEMA = 1
    name: str
    title: str
    class_names: tuple[str, ...]
    aux_name: str
    fingerprint: str
    part: str | None
    synthetic: bool
    warnings: tuple[str, ...]
    not_finite: int
    official: bool
    note: str
    blocks: BlockGrid
    stamp: str

    def hsi(self) -> NDArray[Any]:
        """Return the hyperspectral cube ``[H, W, bands]`` in its own dtype, as a read-only memory map."""
        return self.map_array(HSI)

    def aux(self) -> NDArray[Any]:
        """Return the other modality ``[H, W, channels]`` in its own dtype, as a read-only memory map."""
        return self.map_array(AUX)

    def filled(self) -> NDArray[np.bool_]:
        """Return which pixels ``[H, W]`` hold only zeros in the cube: fill around or between what was flown over."""
        return self.map_array(FILLED)

    def labels(self) -> LabelMap:
        """Return the class of each pixel ``[H, W]`` from 1 upwards, 0 where it is not known."""
        labels: LabelMap = np.load(self.folder / LABELS)
        return labels

    def ground_truth(self) -> GroundTruth:
        """Return labels and official lists."""
        lists = {part: np.load(self.folder / _LIST.format(part=part)) for part in ("train", "test") if self.official}
        return GroundTruth(labels_HW=self.labels(), lists=lists or None, note=self.note)

    def split(self, split: str, seed: int) -> Split:
        """Return which pixels train, validate and test, as flat positions; see :func:`.spatial_split.choose`.

        Raises:
            RsbenchError: if the text is not understood or a part stays empty.
        """
        return spatial_split.choose(split, self.ground_truth(), self.class_names, self.blocks, seed)

    @classmethod
    def _from_json(cls, folder: Path, values: dict[str, Any]) -> Self:
        return super()._from_json(folder, {**values, "blocks": BlockGrid(**values["blocks"])})


def prepare(dataset: Dataset, survey: PixelSurvey, cache_root: Path, progress: Progress | None) -> Pixels:
    """Return the converted copy of a scene below ``cache_root``, making it first where there is none.

    Raises:
        RsbenchError: broken files, a cache folder that cannot be written or is full.
    """
    folder = cache_root / f"{dataset.name}-{survey.fingerprint}"
    source = survey.source

    def write(temporary: Path) -> Pixels:
        not_finite = _write_arrays(temporary, source, progress)
        return Pixels(
            name=dataset.name,
            title=dataset.title,
            class_names=source.names,
            aux_name=survey.aux_name,
            folder=folder,
            fingerprint=survey.fingerprint,
            part=survey.part,
            synthetic=dataset.synthetic,
            warnings=tuple(_warnings(dataset, survey, not_finite)),
            not_finite=not_finite,
            official=source.ground_truth.lists is not None,
            note=source.ground_truth.note,
            blocks=survey.blocks,
            stamp=source.stamp(),
        )

    return Pixels.reuse_or_write(folder, dataset.name, source.stamp(), write)


def _write_arrays(folder: Path, source: PixelSource, progress: Progress | None) -> int:
    """Write both modalities, the fill and the labels; return how many values are no number."""
    truth = source.ground_truth  # may be refused: before anything is written
    bad_hsi, filled_HW = _convert(folder / HSI, source, source.hsi, 0, progress)
    bad_aux, _ = _convert(folder / AUX, source, source.aux, source.height, progress)
    np.save(folder / FILLED, filled_HW)
    np.save(folder / LABELS, truth.labels_HW)
    for part, positions in (truth.lists or {}).items():
        np.save(folder / _LIST.format(part=part), positions)
    return bad_hsi + bad_aux


def _convert(
    path: Path, source: PixelSource, array: MatArray, done: int, progress: Progress | None
) -> tuple[int, NDArray[np.bool_]]:
    """Write one modality as ``[H, W, C]``, block by block.

    Args:
        path: of the new file.
        source: the scene.
        array: one of its modalities.
        done: rows of the other modality that were written before.
        progress: called with (rows done, rows of both modalities).

    Returns:
        How many values are no number, and which pixels ``[H, W]`` are all zero.
    """
    channels, not_finite = source.channels(array), 0
    filled: list[NDArray[np.bool_]] = []
    blocks = array.rows(source.axes(array))
    first = next(blocks)
    with new_array(path, first.dtype, (source.height, source.width, channels)) as file:
        for block in itertools.chain((first,), blocks):
            rows_HWC = block.reshape(len(block), source.width, channels)
            file.write(rows_HWC.data)
            filled.append(np.logical_not(rows_HWC.any(axis=2)))
            if rows_HWC.dtype.kind == "f":
                not_finite += rows_HWC.size - int(np.count_nonzero(np.isfinite(rows_HWC)))
            done += len(rows_HWC)
            if progress is not None:
                progress(done, 2 * source.height)
    return not_finite, np.concatenate(filled)


def _warnings(dataset: Dataset, survey: PixelSurvey, not_finite: int) -> list[str]:
    """Return sentences on another size than the release, and on values that are no number."""
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
