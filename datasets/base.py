"""What a data set is: facts as class attributes, a survey of what stands on disk, and its prepared form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

from rsbench.cell import Optimizer
from rsbench.errors import RsbenchError
from rsbench.references import Reference

Progress = Callable[[int, int], None]
"""Called with (pieces done, pieces in all)."""


Origin = Literal["generated", "fetch", "homepage", "authors", "own"]
"""Made by rsbench, downloaded by it, by hand from a page or from the authors, or the user's own files."""
_LIST_BYTES = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Family:
    """Data sets that were published together and that one name stands for.

    Attributes:
        name: for ``--dataset``; no data set has it.
        title: in words.
        contents: what its members hold, in a few words.
    """

    name: str
    title: str
    contents: str


@dataclass(frozen=True, kw_only=True)
class Download:
    """One file of a data set on the network, with the digest that its source publishes."""

    url: str
    file: str
    """Where it goes, relative to the data root."""
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same bytes, tried in turn where one fails."""
    md5: str | None = None
    """As published by the source; None where nothing is published (none is ever made up)."""
    unpack_into: str | None = None
    """Folder, relative to the data root, that the archive is unpacked into; None for a plain file."""
    max_bytes: int = 4 * 2**30
    """The most that the file may have; what sends more is cut off."""

    @classmethod
    def lists(cls, address: str, files: str, **md5: str) -> tuple[Self, ...]:
        """Return the files of an official split, ``{part}`` standing for a part in address and name of the file."""
        return tuple(
            cls(url=address.format(part=part), file=files.format(part=part), md5=digest, max_bytes=_LIST_BYTES)
            for part, digest in md5.items()
        )


class Prepared(Protocol):
    """A data set in the form that workers read: a folder of memory-mapped arrays and a JSON file of the rest."""

    @property
    def folder(self) -> Path:
        """Where it stands."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user."""

    @property
    def remade(self) -> str:
        """A sentence for the user where a damaged copy had to be made anew just now, else empty."""


class Finding(Protocol):
    """What a check of a whole data set found."""

    @property
    def ok(self) -> bool:
        """Whether training on it is sound."""

    def sentences(self) -> list[str]:
        """Return what was found, for the user."""

    def facts(self) -> dict[str, Any]:
        """Return the same as plain values with snake_case keys, for programs."""


@dataclass(frozen=True, kw_only=True)
class Survey(ABC):
    """What stands on disk of a data set, found without reading all of it: enough to plan a run.

    Attributes:
        where: folder or file.
        fingerprint: 12 hex digits, equal for equal data.
        part: words for an incomplete release, else None.
        warnings: sentences on what was left out, and other facts that a user should know before training.
    """

    where: Path
    fingerprint: str
    part: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    @abstractmethod
    def contents(self) -> str:
        """What stands there, in a few words: ``2,100 images``."""

    @property
    def model(self) -> str | None:
        """The default network where what was found asks for another than the data set's, else None."""
        return None

    def sized(self, image_size: int) -> Survey:
        """Return the survey of samples of that side in pixels; the same where their number does not depend on it."""
        return self

    @property
    @abstractmethod
    def inputs(self) -> dict[str, int]:
        """Sizes that a network is built for, such as ``{"classes": 21}`` or ``{"bands": 72}``."""

    @abstractmethod
    def train_samples(self, split: str, seed: int) -> int:
        """Return how many images or pixels train.

        Args:
            split: as ``--split`` takes it.
            seed: of the repeat, as :attr:`rsbench.cell.CellSpec.derived_seed` gives it.

        Raises:
            RsbenchError: the split is not possible.
        """


class Dataset(ABC):
    """A data set: its facts as class attributes, and where it stands below a data root."""

    name: ClassVar[str]
    title: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    references: ClassVar[tuple[Reference, ...]] = ()
    """The works to cite; none where there is no paper."""
    layout: ClassVar[str]
    """The exact folder layout, shown in errors."""
    homepage: ClassVar[str] = ""
    """Address of the page of its authors; empty where there is none."""
    published: ClassVar[bool] = True
    """Whether somebody else publishes the data; False for a layout that takes the user's own files."""
    family: ClassVar[Family | None] = None
    """The family that it belongs to, if any."""
    task: ClassVar[str]
    """Name in :data:`rsbench.metrics.TASKS`."""
    model: ClassVar[str]
    """Default network."""
    optimizer: ClassVar[Optimizer] = "sgd"
    """Default optimizer."""
    lr: ClassVar[float] = 0.05
    """Default peak learning rate."""
    image_size: ClassVar[int]
    """Default side of the square pictures or patches, in pixels."""
    epochs: ClassVar[int]
    """Default number of training epochs."""
    batch_size: ClassVar[int] = 32
    """Default number of samples per worker and step."""
    downloads: ClassVar[tuple[Download, ...]] = ()
    synthetic: ClassVar[bool] = False

    @property
    @abstractmethod
    def contents(self) -> str:
        """What it holds, in a few words: ``21 classes, 2,100 images``."""

    @abstractmethod
    def survey(self, data_root: Path) -> Survey:
        """Find the data set below ``data_root`` without reading all of it.

        Raises:
            RsbenchError: naming where it looked, the layout wanted and the command that fetches the set.
        """

    def declared(self, data_root: Path) -> Survey | None:
        """Return what a complete release holds, for plans without it; None where its sizes are not declared.

        Args:
            data_root: where it was not found.
        """
        return None

    @abstractmethod
    def prepare(
        self, data_root: Path, cache_root: Path, image_size: int, *, progress: Progress | None = None
    ) -> Prepared:
        """Bring the data set into the form that workers read, once; later calls return that at once.

        Args:
            data_root: folder that holds the data sets.
            cache_root: folder for prepared copies; many processes may share it.
            image_size: side of the square pictures or patches, in pixels.
            progress: called with (pieces done, pieces in all).

        Raises:
            RsbenchError: missing data, broken files, a cache that cannot be written.
        """

    @abstractmethod
    def check(self, data_root: Path, progress: Progress | None = None) -> Finding:
        """Read all of the data set and say what is wrong with it.

        Raises:
            RsbenchError: the data set is not there.
        """

    @property
    def origin(self) -> Origin:
        """Where the data come from, in a word."""
        if self.synthetic:
            return "generated"
        if self.downloads:
            return "fetch"
        if self.homepage:
            return "homepage"
        return "authors" if self.published else "own"

    def way_to_get(self, data_root: Path) -> str:
        """Return how a user gets the data: a command in backquotes, or a few words with the address.

        Args:
            data_root: folder of all data sets, for the command.
        """
        ways: dict[Origin, str] = {
            "generated": "it is generated, nothing is fetched",
            "fetch": f"fetch it with `rsbench data fetch {self.name} --data-root {data_root}`",
            "homepage": f"get it from {self.homepage}",
            "authors": "it has no public page: ask the authors of its paper (`rsbench list datasets -v`)",
            "own": "put your own files there",
        }
        return ways[self.origin]

    def fingerprint(self, data_root: Path) -> str:
        """Return the fingerprint of what stands on disk; reads names and sizes only."""
        return self.survey(data_root).fingerprint


class DataNotFound(RsbenchError):
    """Nothing of a data set is where it was looked for."""


def not_found(dataset: Dataset, data_root: Path, places: Sequence[Path]) -> DataNotFound:
    """Return the error that says what is missing, where it was looked for and how to get it."""
    way = dataset.way_to_get(data_root)
    return DataNotFound(
        f'The data set "{dataset.name}" ({dataset.title}) was not found; looked at '
        f"{', '.join(str(place) for place in places)}. The layout must be: {dataset.layout} "
        f"{way[0].upper()}{way[1:]}, or name another folder with --data-root."
    )
