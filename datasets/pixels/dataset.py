"""Multi-modal pixel classification: a hyperspectral cube, another modality and a label map in MATLAB files."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rsbench.datasets.base import Dataset, Progress, not_found
from rsbench.datasets.io.matlab import shape_text
from rsbench.datasets.pixels.check import PixelCheck, check_scene
from rsbench.datasets.pixels.declared import DeclaredPixels
from rsbench.datasets.pixels.prepared import Pixels, prepare
from rsbench.datasets.pixels.source import FileLayout, PixelSource, PixelSurvey, open_layout
from rsbench.datasets.pixels.spatial_split import BlockGrid
from rsbench.errors import RsbenchError

LARGEST_PATCH = 9
"""Patches of more pixels a side than this overlap between blocks in spite of the margin."""


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
    labelled: ClassVar[int | None] = None
    """Labelled pixels of the complete scene; None where the files decide."""
    official_train: ClassVar[int | None] = None
    """Pixels of its official training list; None where there is none."""
    aux_channels: ClassVar[int] = 1
    """Channels of the other modality in the complete scene."""
    aux_name: ClassVar[str] = "LiDAR"
    folders: ClassVar[tuple[str, ...]]
    """Where it may stand below the data root."""
    layouts: ClassVar[tuple[FileLayout, ...]]
    blocks: ClassVar[BlockGrid] = BlockGrid(side=32, margin=2 * (LARGEST_PATCH // 2))

    @property
    def contents(self) -> str:
        """The numbers of classes, pixels and bands of the scene, in words."""
        if self.class_names is None or self.shape is None:
            return f"HSI and {self.aux_name}, sizes from the files"
        height, width, bands = self.shape
        return f"{len(self.class_names)} classes, {height} x {width} pixels, {bands} bands and {self.aux_name}"

    def survey(self, data_root: Path) -> PixelSurvey:
        """Find the scene below ``data_root`` and read its labels."""
        source = self.locate(data_root)
        part, place = self.part(source), f"{self.title} at {source.where}"
        smaller = f"{place} is a {part}; its accuracies cannot be set beside those for the release."
        return PixelSurvey(
            where=source.where,
            fingerprint=source.fingerprint(),
            part=part,
            warnings=(*source.ground_truth.warnings, *([smaller] if part else [])),
            source=source,
            aux_name=self.aux_name,
            blocks=self.blocks,
        )

    def declared(self, data_root: Path) -> DeclaredPixels | None:
        """Return the complete scene, where its classes, bands and labelled pixels are known."""
        if self.class_names is None or self.shape is None or self.labelled is None:
            return None
        return DeclaredPixels(
            where=data_root,
            fingerprint="declared",
            classes=len(self.class_names),
            hsi_bands=self.shape[2],
            aux_channels=self.aux_channels,
            labelled=self.labelled,
            official_train=self.official_train,
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
        """Return words for a size that is not the release's, None if it is that or not fixed."""
        shape = source.height, source.width, source.channels(source.hsi)
        if self.shape is None or shape == self.shape:
            return None
        return f"scene of another size: {shape_text(shape)}, not {shape_text(self.shape)} (height, width, bands)"

    def prepare(
        self, data_root: Path, cache_root: Path, image_size: int, *, progress: Progress | None = None
    ) -> Pixels:
        """Convert the scene into arrays that workers map, whatever the patch size; see :meth:`Dataset.prepare`.

        ``image_size`` is the side of a patch, odd. Progress counts rows of both modalities.
        """
        survey = self.survey(data_root)
        check_patch(image_size, survey.source.height, survey.source.width)
        return prepare(self, survey, cache_root, progress)

    def check(self, data_root: Path, progress: Progress | None = None) -> PixelCheck:
        """Read both modalities and the labels, and compare the official parts."""
        return check_scene(self, self.survey(data_root), progress)


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
