"""The arrays of a scene as they were found in MATLAB files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rsbench.datasets.base import Survey
from rsbench.datasets.io.matlab import Axes, MatArray, Shape, axes_to_HW, find
from rsbench.datasets.pixels import spatial_split
from rsbench.datasets.pixels.label_maps import GroundTruth, is_index_list, read_ground_truth
from rsbench.datasets.pixels.spatial_split import BlockGrid
from rsbench.datasets.split import Split
from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class FileLayout:
    """Which array of which file is what, each as ``file.mat:array``.

    Case of file names plays no part; where an array has another name, the one of a fitting shape is taken.
    ``train`` and ``test`` are label maps, or lists of rows and columns. Without ``aux`` the cube stands alone.
    """

    hsi: str
    aux: str | None = None
    labels: str | None = None
    train: str | None = None
    test: str | None = None

    @property
    def files(self) -> list[str]:
        """Names of the files wanted, each once."""
        texts = (self.hsi, self.aux, self.labels, self.train, self.test)
        return list(dict.fromkeys(text.partition(":")[0] for text in texts if text is not None))


def maps(hsi: str = "HSI", aux: str = "LiDAR") -> FileLayout:
    """Return the layout in which such scenes are shared most: one array a file, named like it."""
    return FileLayout(
        hsi=f"{hsi}.mat:{hsi}",
        aux=f"{aux}.mat:{aux}",
        labels="gt.mat:gt",
        train="TRLabel.mat:TRLabel",
        test="TSLabel.mat:TSLabel",
    )


def index_lists(name: str, aux: str) -> FileLayout:
    """Return the layout of OUC: four files that begin with the scene's name, the split as lists of rows and columns."""
    return FileLayout(
        hsi=f"{name}_hsi.mat:{name}_hsi",
        aux=f"{name}_{aux}.mat:{name}_{aux}",
        labels=f"{name}_gt.mat:{name}_gt",
        train=f"{name}_index.mat:{name}_train",
        test=f"{name}_index.mat:{name}_test",
    )


@dataclass(frozen=True, kw_only=True)
class PixelSource:
    """The arrays of a scene as they were found, not yet read."""

    where: Path
    class_names: tuple[str, ...] | None
    height: int
    width: int
    hsi: MatArray
    aux: MatArray | None
    """None where the cube stands alone."""
    labels: MatArray | None
    lists: Mapping[str, MatArray]

    @cached_property
    def ground_truth(self) -> GroundTruth:
        """Labels and official lists, read on first use.

        Raises:
            RsbenchError: they cannot be read or do not fit.
        """
        classes = None if self.class_names is None else len(self.class_names)
        return read_ground_truth(self.height, self.width, self.labels, self.lists, classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, in label order."""
        if self.class_names is not None:
            return self.class_names
        return tuple(f"class {label}" for label in range(1, int(self.ground_truth.labels_HW.max()) + 1))

    @property
    def arrays(self) -> tuple[MatArray, ...]:
        """All arrays."""
        arrays = (self.hsi, self.aux, self.labels, *self.lists.values())
        return tuple(array for array in arrays if array is not None)

    def modalities(self, aux_name: str) -> dict[str, MatArray]:
        """Return the modalities that there are, by name: ``HSI`` and, if there, the other one."""
        return {"HSI": self.hsi} if self.aux is None else {"HSI": self.hsi, aux_name: self.aux}

    def axes(self, array: MatArray) -> Axes:
        """Return the order of axes that brings a modality to ``[H, W]`` or ``[H, W, C]``.

        Raises:
            RsbenchError: it does not fit the scene.
        """
        axes = axes_to_HW(array.shape, self.height, self.width)
        if axes is None:
            raise RsbenchError(f"{array} does not fit the scene of {self.height} x {self.width} pixels.")
        return axes

    def channels(self, array: MatArray) -> int:
        """Return the number of channels of a modality."""
        return array.shape[self.axes(array)[2]] if len(array.shape) == 3 else 1

    def fingerprint(self) -> str:
        """Return 12 hex digits that name this data: equal for equal arrays, file sizes and classes."""
        digest = hashlib.sha256(b"pixels 1")
        digest.update("\0".join(self.class_names or ()).encode())
        for array in self.arrays:
            digest.update(f"\n{array.file.name}\0{array.file.stat().st_size}\0{array.name}\0{array.shape}".encode())
        return digest.hexdigest()[:12]

    def stamp(self) -> str:
        """Return 12 hex digits that change when a file was replaced by another of the same size."""
        stamps = "\n".join(str(array.file.stat().st_mtime_ns) for array in self.arrays)
        return hashlib.sha256(stamps.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class PixelSurvey(Survey):
    """A scene that was found; its labels are read, its modalities are not.

    Attributes:
        aux_name: of the other modality.
        blocks: how the scene is cut for splits.
    """

    source: PixelSource
    aux_name: str
    blocks: BlockGrid

    def split(self, split: str, seed: int) -> Split:
        """Return which pixels train, validate and test; see :func:`~rsbench.datasets.pixels.spatial_split.choose`.

        Raises:
            RsbenchError: if the text is not understood or a part stays empty.
        """
        return spatial_split.choose(split, self.source.ground_truth, self.source.names, self.blocks, seed)

    @property
    def contents(self) -> str:
        """The size of the scene and the number of labelled pixels."""
        labelled = int((self.source.ground_truth.labels_HW > 0).sum())
        return f"{self.source.height} x {self.source.width} pixels, {labelled:,} of them labelled"

    @property
    def model(self) -> str | None:
        """The network for a cube alone, where there is no other modality."""
        return "hsi-cnn" if self.source.aux is None else None

    @property
    def inputs(self) -> dict[str, int]:
        """Numbers of classes, of hyperspectral bands and of channels of the other modality."""
        source = self.source
        return {
            "classes": len(source.names),
            "hsi_bands": source.channels(source.hsi),
            "aux_channels": 0 if source.aux is None else source.channels(source.aux),
        }

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many pixels train."""
        return len(self.split(split, seed).train)


def open_layout(
    where: Path, layout: FileLayout, there: Mapping[str, Path], class_names: tuple[str, ...] | None
) -> PixelSource:
    """Find a layout's arrays in files that exist.

    Args:
        where: folder of the scene.
        layout: what is wanted.
        there: the folder's files by lower-case name.
        class_names: None where the label map decides.

    Raises:
        RsbenchError: an array is missing, or does not fit the label map.
    """

    def one(text: str, fits: Callable[[Shape], bool], what: str) -> MatArray:
        file, _, name = text.partition(":")
        return find(there[file.lower()], name, fits, what)

    def is_map(shape: Shape) -> bool:
        return len(shape) == 2 and min(shape) > 2

    first = layout.labels or layout.train
    if first is None:
        raise RsbenchError(f"The layout of {where} names no labels.")
    height, width = one(first, is_map, "the label map").shape

    def fits_scene(shape: Shape) -> bool:
        return axes_to_HW(shape, height, width) is not None

    size = f"of {height} x {width} pixels"
    named = {"train": layout.train, "test": layout.test}
    return PixelSource(
        where=where,
        class_names=class_names,
        height=height,
        width=width,
        hsi=one(layout.hsi, lambda shape: len(shape) == 3 and fits_scene(shape), f"the hyperspectral cube {size}"),
        aux=None
        if layout.aux is None
        else one(layout.aux, lambda shape: len(shape) <= 3 and fits_scene(shape), f"the other modality {size}"),
        labels=None if layout.labels is None else one(layout.labels, is_map, "the label map"),
        lists={
            part: one(
                text,
                lambda shape: is_index_list(shape) or (len(shape) == 2 and fits_scene(shape)),
                f"the {part} pixels as a label map {size} or as rows and columns",
            )
            for part, text in named.items()
            if text is not None
        },
    )
