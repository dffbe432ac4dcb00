"""Change detection: what pictures of two dates have in common, wherever they lie."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from rsbench.datasets.base import Dataset, Progress
from rsbench.datasets.changes.check import ChangeCheck, check_pairs
from rsbench.datasets.changes.declared import DeclaredChanges, Release
from rsbench.datasets.changes.prepared import Changes, prepare
from rsbench.datasets.changes.source import ChangeSource, ChangeSurvey
from rsbench.datasets.changes.tile_split import counted


class ChangeDataset(Dataset):
    """A change-detection data set: its facts, and where its pairs lie below a data root."""

    task = "changes"
    model = "fc-siam-diff"
    optimizer = "adamw"
    lr = 1e-3
    image_size = 256
    epochs = 50
    batch_size = 8
    releases: ClassVar[tuple[Release, ...]] = ()
    """Complete releases, the official one first; none where the files decide."""
    channels: ClassVar[int] = 3
    """Of each date of a release."""

    @property
    def contents(self) -> str:
        """The number of pairs of the release and their size, in words."""
        if not self.releases:
            return "pairs from folders"
        release = self.releases[0]
        return f"{counted(release.pairs, 'pair')} of {release.height:,} x {release.width:,} pixels"

    @abstractmethod
    def locate(self, data_root: Path) -> ChangeSource:
        """Find the pairs below ``data_root`` without reading their pixels.

        Raises:
            RsbenchError: naming where it looked, the layout wanted, or a file that is missing.
        """

    def survey(self, data_root: Path) -> ChangeSurvey:
        """Find the pairs below ``data_root`` without reading their pixels."""
        source = self.locate(data_root)
        part = self.part(source)
        smaller = (
            f"{self.title} at {source.where} is only a {part}; its scores cannot be set beside those for all of it."
        )
        return ChangeSurvey(
            where=source.where,
            fingerprint=source.fingerprint(),
            part=part,
            warnings=(*source.warnings, *([smaller] if part else [])),
            source=source,
            side=self.image_size,
        )

    def declared(self, data_root: Path) -> DeclaredChanges | None:
        """Return the complete release, where its pairs are known."""
        if not self.releases:
            return None
        return DeclaredChanges(
            where=data_root,
            fingerprint="declared",
            release=self.releases[0],
            channels=self.channels,
            side=self.image_size,
        )

    def part(self, source: ChangeSource) -> str | None:
        """Return words for the part of the release that a source holds, None if it is all or has no fixed size."""
        pairs = len(source.pairs)
        if not self.releases or pairs in [release.pairs for release in self.releases]:
            return None
        likely = min(self.releases, key=lambda release: release.height != source.pairs[0].height)
        return None if pairs > likely.pairs else f"part: {pairs:,} of {likely.pairs:,} pairs"

    def prepare(
        self, data_root: Path, cache_root: Path, image_size: int, *, progress: Progress | None = None
    ) -> Changes:
        """Cut the pictures into tiles once; see :meth:`Dataset.prepare`. Progress counts pairs."""
        survey = self.survey(data_root).sized(image_size)
        return prepare(self, survey, cache_root, data_root=data_root, progress=progress)

    def check(self, data_root: Path, progress: Progress | None = None) -> ChangeCheck:
        """Read every pair, and count what changed."""
        return check_pairs(self, self.survey(data_root), progress)
