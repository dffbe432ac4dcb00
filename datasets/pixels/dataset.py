"""Multi-modal pixel classification: a hyperspectral cube, another modality and a label map in MATLAB files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rsbench.datasets.base import Dataset, Progress, Survey, not_found
from rsbench.datasets.io.matlab import Axes, MatArray, Shape, axes_to_HW, find, shape_text
from rsbench.datasets.pixels import spatial_split as blocks
from rsbench.datasets.pixels.label_maps import Ground, is_index_list, read_ground
from rsbench.datasets.pixels.spatial_split import Blocks
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from rsbench.datasets.pixels.check import PixelCheck
    from rsbench.datasets.pixels.prepared import Pixels

LARGEST_PATCH = 9
"""Patches of more pixels a side than this overlap between blocks in spite of the margin."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which array of which file is what, each as ``file.mat:array``.

    Case of file names plays no part; where an array has another name, the one of a fitting shape is taken.
    ``train`` and ``test`` are label maps, or lists of rows and columns.
    """

    hsi: str
    aux: str
    labels: str | None = None
    train: str | None = None
    test: str | None = None

    @property
    def files(self) -> list[str]:
        """Names of the files wanted, each once."""
        texts = (self.hsi, self.aux, self.labels, self.train, self.test)
        return list(dict.fromkeys(text.partition(":")[0] for text in texts if text is not None))


def maps(hsi: str = "HSI", aux: str = "LiDAR") -> Layout:
    """The layout in which such scenes are shared most: one array a file, named like it."""
    return Layout(
        hsi=f"{hsi}.mat:{hsi}",
        aux=f"{aux}.mat:{aux}",
        labels="gt.mat:gt",
        train="TRLabel.mat:TRLabel",
        test="TSLabel.mat:TSLabel",
    )


def index_lists(name: str, aux: str) -> Layout:
    """The layout of OUC: four files that begin with the scene's name, the split as lists of rows and columns."""
    return Layout(
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
    aux: MatArray
    labels: MatArray | None
    lists: Mapping[str, MatArray]

    @cached_property
    def ground(self) -> Ground:
        """Labels and official lists, read on first use.

        Raises:
            RsbenchError: they cannot be read or do not fit.
        """
        classes = None if self.class_names is None else len(self.class_names)
        return read_ground(self.height, self.width, self.labels, self.lists, classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, in label order."""
        if self.class_names is not None:
            return self.class_names
        return tuple(f"class {label}" for label in range(1, int(self.ground.labels_HW.max()) + 1))

    @property
    def arrays(self) -> tuple[MatArray, ...]:
        """All arrays."""
        labels = () if self.labels is None else (self.labels,)
        return (self.hsi, self.aux, *labels, *self.lists.values())

    def axes(self, array: MatArray) -> Axes:
        """Order of axes that brings a modality to ``[H, W]`` or ``[H, W, C]``."""
        axes = axes_to_HW(array.shape, self.height, self.width)
        if axes is None:
            raise RsbenchError(f"{array} does not fit the scene of {self.height} x {self.width} pixels.")
        return axes

    def channels(self, array: MatArray) -> int:
        """Number of channels of a modality."""
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
    """A scene that was found; its labels are read when they are asked for."""

    source: PixelSource
    blocks: Blocks

    @property
    def contents(self) -> str:
        """Size of the scene and number of labelled pixels."""
        labelled = int((self.source.ground.labels_HW > 0).sum())
        return f"{self.source.height} x {self.source.width} pixels, {labelled:,} of them labelled"

    @property
    def inputs(self) -> dict[str, int]:
        """Numbers of classes, of hyperspectral bands and of channels of the other modality."""
        source = self.source
        return {
            "classes": len(source.names),
            "hsi_bands": source.channels(source.hsi),
            "aux_channels": source.channels(source.aux),
        }

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many pixels train."""
        return len(blocks.choose(split, self.source.ground, self.source.names, self.blocks, seed).train)


class PixelDataset(Dataset):
    """A scene: its facts, and where its files stand below a data root."""

    task = "pixels"
    model = "fusion-cnn"
    lr = 0.01
    image_size = 9
    epochs = 40
    batch_size = 32
    class_names: ClassVar[tuple[str, ...] | None] = None
    """In label order, from label 1; None where the files decide."""
    shape: ClassVar[tuple[int, int, int] | None] = None
    """Height, width and bands of the complete scene; None where the files decide."""
    aux_name: ClassVar[str] = "LiDAR"
    folders: ClassVar[tuple[str, ...]]
    """Where it may stand below the data root."""
    layouts: ClassVar[tuple[Layout, ...]]
    blocks: ClassVar[Blocks] = Blocks(side=32, margin=2 * (LARGEST_PATCH // 2))

    @property
    def contents(self) -> str:
        """Say how many classes, pixels and bands the scene has."""
        if self.class_names is None or self.shape is None:
            return f"HSI and {self.aux_name}, sizes from the files"
        height, width, bands = self.shape
        return f"{len(self.class_names)} classes, {height} x {width} pixels, {bands} bands and {self.aux_name}"

    def survey(self, data_root: Path) -> PixelSurvey:
        """Find the scene below ``data_root``; labels are read only when they are asked for."""
        source = self.locate(data_root)
        return PixelSurvey(
            where=source.where,
            fingerprint=source.fingerprint(),
            part=self.part(source),
            source=source,
            blocks=self.blocks,
        )

    def locate(self, data_root: Path) -> PixelSource:
        """Find the arrays below ``data_root`` without reading the large ones.

        Raises:
            RsbenchError: naming where it looked and the layout wanted, a file that is missing, or an array that
                does not fit.
        """
        places = [data_root / folder for folder in self.folders]
        nearest: tuple[int, str] | None = None
        for place in filter(Path.is_dir, places):
            there = {path.name.lower(): path for path in place.iterdir()}
            for layout in self.layouts:
                lacking = [file for file in layout.files if file.lower() not in there]
                if not lacking:
                    return open_layout(place, layout, there, self.class_names)
                if len(lacking) < len(layout.files) and (nearest is None or len(lacking) < nearest[0]):
                    nearest = len(lacking), f"{place} lacks {', '.join(lacking)}"
        if nearest is None:
            raise not_found(self, data_root, places)
        raise RsbenchError(
            f'The data set "{self.name}" ({self.title}) is not complete: {nearest[1]}. It must stand like this: '
            f"{self.layout} Put the missing files there."
        )

    def part(self, source: PixelSource) -> str | None:
        """Say which part of the scene a source holds, None if it is complete (or has no fixed size)."""
        found = source.height, source.width, source.channels(source.hsi)
        if self.shape is None or found == self.shape:
            return None
        return f"scene of another size: {shape_text(found)}, not {shape_text(self.shape)} (height, width, bands)"

    def prepare(
        self,
        data_root: Path,
        cache_root: Path,
        image_size: int,
        *,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> Pixels:
        """Convert the scene into arrays that workers map, whatever the patch size; see :meth:`Dataset.prepare`.

        ``image_size`` is the side of a patch, odd; pieces are rows of both modalities.
        """
        from rsbench.datasets.pixels.prepared import build  # here: it builds on this module

        survey = self.survey(data_root)
        check_patch(image_size, survey.source.height, survey.source.width)
        if survey.part and strict:
            raise RsbenchError(
                f"{self.title} at {survey.where} is no complete release ({survey.part}), and "
                "--strict-data was asked for: leave that option out or put the release there."
            )
        return build(self, survey, cache_root, progress)

    def check(self, data_root: Path, progress: Progress | None = None) -> PixelCheck:
        """Read both modalities and the labels, and compare the official parts."""
        from rsbench.datasets.pixels.check import check_scene  # likewise

        return check_scene(self, data_root, progress)


def check_patch(side: int, height: int | None = None, width: int | None = None) -> None:
    """Refuse patches without a centre, or larger than what mirroring can fill.

    Raises:
        RsbenchError: says what to give.
    """
    if side % 2 == 0:
        raise RsbenchError(
            f"The patch size {side} is even, so that no pixel is its centre: give an odd one, such as --image-size "
            f"{side + 1}."
        )
    limit = min(height or side, width or side)
    if side // 2 >= limit:
        raise RsbenchError(f"The patch size {side} is too large for a scene of {height} x {width} pixels.")


def open_layout(
    where: Path, layout: Layout, there: Mapping[str, Path], class_names: tuple[str, ...] | None
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
        aux=one(layout.aux, lambda shape: len(shape) <= 3 and fits_scene(shape), f"the other modality {size}"),
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
