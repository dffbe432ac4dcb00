"""Scene classification: pictures by class in a folder, a zip or a generator, and the data sets made of them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from rsbench.datasets import split as splits
from rsbench.datasets.base import Dataset, Progress, Survey
from rsbench.datasets.scenes.source import Source
from rsbench.errors import RsbenchError

if TYPE_CHECKING:
    from rsbench.datasets.scenes.check import CheckReport
    from rsbench.datasets.scenes.prepared import Scenes


@dataclass(frozen=True, kw_only=True)
class SceneSurvey(Survey):
    """Pictures that were found, not yet decoded."""

    source: Source

    @property
    def contents(self) -> str:
        """The number of pictures."""
        return f"{len(self.source.pictures):,} images"

    @property
    def inputs(self) -> dict[str, int]:
        """The number of classes."""
        return {"classes": len(self.source.class_names)}

    def train_samples(self, split: str, seed: int) -> int:
        """Return how many images train, without decoding any."""
        labels = np.array([picture.label for picture in self.source.pictures], dtype=np.int64)
        return len(splits.choose(split, self.source.lists, self.source.lists_note, labels, seed).train)


class SceneDataset(Dataset):
    """A scene-classification data set: its facts, and where its pictures stand below a data root."""

    task = "scenes"
    model = "smallvgg"
    class_names: ClassVar[tuple[str, ...] | None] = None
    """In label order; None where the folders on disk decide."""
    images: ClassVar[int | None] = None
    """Pictures in the complete release; None where the folders on disk decide."""

    @property
    def contents(self) -> str:
        """Say how many classes and images the release has."""
        classes = "classes from folders" if self.class_names is None else f"{len(self.class_names)} classes"
        return classes if self.images is None else f"{classes}, {self.images:,} images"

    @abstractmethod
    def locate(self, data_root: Path) -> Source:
        """Find the pictures below ``data_root`` without reading them.

        Raises:
            RsbenchError: naming where it looked, the layout wanted and the command that fetches the set.
        """

    def survey(self, data_root: Path) -> SceneSurvey:
        """Find the pictures below ``data_root`` without reading them."""
        source = self.locate(data_root)
        return SceneSurvey(where=source.where, fingerprint=source.fingerprint(), part=self.part(source), source=source)

    def check(self, data_root: Path, progress: Progress | None = None) -> CheckReport:
        """Count and read every picture, and look for duplicates."""
        from rsbench.datasets.scenes.check import check_dataset  # here: audit builds on this module

        return check_dataset(self, data_root, progress)

    def part(self, source: Source) -> str | None:
        """Say which part of the release a source holds, None if it is complete (or has no fixed size)."""
        if self.class_names is None or self.images is None:
            return None
        classes = len({picture.label for picture in source.pictures})
        if classes == len(self.class_names) and len(source.pictures) >= self.images:
            return None
        return f"part: {classes} of {len(self.class_names)} classes, {len(source.pictures):,} of {self.images:,} images"

    def prepare(
        self,
        data_root: Path,
        cache_root: Path,
        image_size: int,
        *,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> Scenes:
        """Decode the data set once; see :meth:`Dataset.prepare`. Pieces are pictures."""
        from rsbench.datasets.scenes.prepared import prepare  # here: cache builds on this module

        source = self.locate(data_root)
        part = self.part(source)
        warnings = list(source.warnings)
        if part is not None:
            if strict:
                raise RsbenchError(
                    f"{self.title} at {source.where} is incomplete ({part}) and --strict-data was asked for: "
                    f'complete it ("rsbench data fetch {self.name} --data-root {data_root}") or leave that option out.'
                )
            warnings.append(
                f"{self.title} at {source.where} is only a {part}; its accuracies cannot be set beside those "
                f"for the whole data set."
            )
        if self.images is not None and len(source.pictures) > self.images:
            warnings.append(
                f"{source.where} holds {len(source.pictures):,} images, the release of {self.title} has "
                f"{self.images:,}: the others are used too; remove them if they do not belong there."
            )
        return prepare(
            self,
            source,
            cache_root,
            image_size,
            part=part,
            warnings=tuple(warnings),
            data_root=data_root,
            progress=progress,
        )
