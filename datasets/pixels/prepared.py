"""A scene converted once into arrays on disk that every worker maps: bounded memory, one shared copy."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.fill_values import Extremes, FillValue
from rsbench.datasets.io.matlab import MatArray
from rsbench.datasets.io.prepared_folder import PreparedFolder, new_array
from rsbench.datasets.pixels import spatial_split
from rsbench.datasets.pixels.label_maps import GroundTruth, LabelMap
from rsbench.datasets.pixels.source import PixelSource, PixelSurvey
from rsbench.datasets.pixels.spatial_split import BlockGrid
from rsbench.datasets.split import Split

HSI, AUX, LABELS, FILLED = "hsi.npy", "aux.npy", "labels.npy", "filled.npy"
_LIST = "{part}.npy"
MISSING = "if it stands for missing data, write NaN there, which the mean of the training pixels then stands in for."


@dataclass(frozen=True, kw_only=True)
class Pixels(PreparedFolder):
    """A converted scene; the arrays stay on disk until they are asked for.

    Attributes:
        aux_name: of the other modality, such as ``LiDAR``; empty where the cube stands alone.
        part: words for another size than the release, else None.
        warnings: sentences for the user.
        not_finite: values in both modalities that are no number; readers put the mean of the training pixels there.
        official: whether there are official lists, which ``note`` describes.
        blocks: how the scene is cut for splits.
    """

    METADATA = "pixels.json"
    SCHEMA = 2
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

    def hsi(self) -> NDArray[Any]:
        """Return the hyperspectral cube ``[H, W, bands]`` in its own dtype, as a read-only memory map."""
        return self.map_array(HSI)

    def aux(self) -> NDArray[Any]:
        """Return the other modality ``[H, W, channels]`` in its own dtype, as a read-only memory map.

        It has 0 channels where the cube stands alone.
        """
        return self.map_array(AUX) if self.aux_name else np.empty((*self.hsi().shape[:2], 0), dtype=np.float32)

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
        found = _write_arrays(temporary, survey, progress)
        return Pixels(
            name=dataset.name,
            title=dataset.title,
            class_names=source.names,
            aux_name="" if source.aux is None else survey.aux_name,
            folder=folder,
            fingerprint=survey.fingerprint,
            part=survey.part,
            synthetic=dataset.synthetic,
            warnings=tuple(_warnings(dataset, survey, found)),
            not_finite=sum(one.not_finite for one in found.values()),
            official=source.ground_truth.lists is not None,
            note=source.ground_truth.note,
            blocks=survey.blocks,
            stamp=source.stamp(),
        )

    return Pixels.reuse_or_write(folder, dataset.name, source.stamp(), write)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What one modality holds.

    Attributes:
        not_finite: values that are no number.
        filled: whether a pixel is all zero, shape [H, W].
        fills: values that stand for missing data.
    """

    not_finite: int
    filled: NDArray[np.bool_]
    fills: tuple[FillValue, ...]


def _write_arrays(folder: Path, survey: PixelSurvey, progress: Progress | None) -> dict[str, _Found]:
    """Write the modalities, the fill and the labels; return what each modality holds, by name."""
    source = survey.source
    truth = source.ground_truth  # may be refused: before anything is written
    found: dict[str, _Found] = {}
    total = len(source.modalities(survey.aux_name)) * source.height
    for file, (name, array) in zip((HSI, AUX), source.modalities(survey.aux_name).items(), strict=False):
        found[name] = _convert(folder / file, source, array, progress, (len(found) * source.height, total))
    np.save(folder / FILLED, found["HSI"].filled)
    np.save(folder / LABELS, truth.labels_HW)
    for part, positions in (truth.lists or {}).items():
        np.save(folder / _LIST.format(part=part), positions)
    return found


def _convert(
    path: Path, source: PixelSource, array: MatArray, progress: Progress | None, done_total: tuple[int, int]
) -> _Found:
    """Write one modality as ``[H, W, C]``, block by block.

    Args:
        path: of the new file.
        source: the scene.
        array: one of its modalities.
        progress: called with (rows done, rows of all modalities).
        done_total: rows that were written before, rows of all modalities.
    """
    channels, not_finite, (done, total) = source.channels(array), 0, done_total
    filled: list[NDArray[np.bool_]] = []
    extremes = Extremes()
    blocks = array.rows(source.axes(array))
    first = next(blocks)
    with new_array(path, first.dtype, (source.height, source.width, channels)) as file:
        for block in itertools.chain((first,), blocks):
            rows_HWC = block.reshape(len(block), source.width, channels)
            file.write(rows_HWC.data)
            filled.append(np.logical_not(rows_HWC.any(axis=2)))
            known = ~filled[-1] if array is source.hsi and filled[-1].any() else np.s_[:]
            extremes.add(rows_HWC[known].reshape(-1, channels))
            if rows_HWC.dtype.kind == "f":
                not_finite += rows_HWC.size - int(np.count_nonzero(np.isfinite(rows_HWC)))
            done += len(rows_HWC)
            if progress is not None:
                progress(done, total)
    return _Found(not_finite=not_finite, filled=np.concatenate(filled), fills=extremes.fill_values())


def _warnings(dataset: Dataset, survey: PixelSurvey, found: Mapping[str, _Found]) -> list[str]:
    """Return what the survey found, and sentences on values that are no number or stand for none."""
    sentences = list(survey.warnings)
    place = f"{dataset.title} at {survey.where}"
    not_finite = sum(one.not_finite for one in found.values())
    if not_finite:
        sentences.append(
            f"{place} has {not_finite:,} values that are no number; the mean of the training pixels stands in for them."
        )
    sentences += [f"{place}, {name}: {fill}; {MISSING}" for name, one in found.items() for fill in one.fills]
    return sentences
