"""Scene classification: what pictures by class have in common, wherever they stand."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.scenes.check import CheckReport, check_scenes
from rsbench.datasets.scenes.prepared import Scenes, prepare
from rsbench.datasets.scenes.source import SceneSurvey, Source, declared_survey


class SceneDataset(Dataset):
    """A scene-classification data set: its facts, and where its pictures stand below a data root."""

    task = "scenes"
    model = "smallvgg"
    class_names: ClassVar[tuple[str, ...] | None] = None
    """In label order; None where the folders on disk decide."""
    images: ClassVar[int | None] = None
    """Pictures in the complete release; None where the folders on disk decide."""

    list_percent: ClassVar[tuple[float, ...] | None] = None
    """Shares of the official lists, train, validation and test; None where there are none."""

    @property
    def contents(self) -> str:
        """The numbers of classes and images of the release, in words."""
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
        return SceneSurvey(
            where=source.where,
            fingerprint=source.fingerprint(),
            part=self.part(source),
            warnings=self._warnings(source),
            source=source,
        )

    def declared(self, data_root: Path) -> SceneSurvey | None:
        """Return the complete release, where its classes and pictures are known."""
        if self.class_names is None or self.images is None:
            return None
        return declared_survey(data_root, self.class_names, self.images, self.list_percent)

    def check(self, data_root: Path, progress: Progress | None = None) -> CheckReport:
        """Count and read every picture, and look for duplicates."""
        return check_scenes(self, self.survey(data_root), self.images, progress)

    def part(self, source: Source) -> str | None:
        """Return words for the part of the release that a source holds, None if it is all or has no fixed size."""
        if self.class_names is None or self.images is None:
            return None
        classes = len({picture.label for picture in source.pictures})
        if classes == len(self.class_names) and len(source.pictures) >= self.images:
            return None
        return f"part: {classes} of {len(self.class_names)} classes, {len(source.pictures):,} of {self.images:,} images"

    def prepare(
        self, data_root: Path, cache_root: Path, image_size: int, *, progress: Progress | None = None
    ) -> Scenes:
        """Decode the pictures once; see :meth:`Dataset.prepare`. Progress counts pictures."""
        survey = self.survey(data_root)
        return prepare(
            self, survey, cache_root, image_size, warnings=survey.warnings, data_root=data_root, progress=progress
        )

    def _warnings(self, source: Source) -> tuple[str, ...]:
        """Return the source's warnings, and a sentence where there are fewer or more pictures than were released."""
        sentences, part = list(source.sentences), self.part(source)
        if part is not None:
            sentences.append(
                f"{self.title} at {source.where} is only a {part}; its accuracies cannot be set beside those "
                f"for the whole data set."
            )
        if self.images is not None and len(source.pictures) > self.images:
            sentences.append(
                f"{source.where} holds {len(source.pictures):,} images, the release of {self.title} has "
                f"{self.images:,}: the others are used too; remove them if they do not belong there."
            )
        return tuple(sentences)
