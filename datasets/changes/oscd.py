"""OSCD: 24 cities seen by Sentinel-2, 13 bands, with lists of cities."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsbench.datasets import papers
from rsbench.datasets.base import not_found
from rsbench.datasets.changes.dataset import ChangeDataset
from rsbench.datasets.changes.declared import Release
from rsbench.datasets.changes.picture_source import head, label, picture, together
from rsbench.datasets.changes.source import BrokenPair, ChangeSource, Pair, Views, stamped
from rsbench.datasets.changes.tile_split import Origins
from rsbench.datasets.io.pictures import BrokenPicture
from rsbench.datasets.io.plain_file import read_plain
from rsbench.errors import RsbenchError

BANDS = tuple(f"B{number}" for number in ("01", "02", "03", "04", "05", "06", "07", "08", "8A", "09", "10", "11", "12"))
"""Of Sentinel-2, in the order of their wavelengths; one file each."""
_PREFIX = "Onera Satellite Change Detection dataset - "
IMAGES = f"{_PREFIX}Images"
LABELS = {"train": f"{_PREFIX}Train Labels", "test": f"{_PREFIX}Test Labels"}
_LIST_BYTES = 2**16


@dataclass(frozen=True, kw_only=True)
class City:
    """The files of a city.

    Attributes:
        before: a file a band.
        after: a file a band.
        label: picture of what changed.
    """

    before: tuple[Path, ...]
    after: tuple[Path, ...]
    label: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.before, *self.after, self.label)


@dataclass(frozen=True, kw_only=True)
class CitySource(ChangeSource):
    """Pairs of cities.

    Attributes:
        cities: their files by name.
    """

    cities: dict[str, City] = field(default_factory=dict)

    def read(self, pair: Pair) -> Views:
        """Read the bands of both dates and the label of a city."""
        city = self.cities[pair.name]
        views = Views(_stacked(city.before, pair), _stacked(city.after, pair), picture(city.label, label))
        return together(city.before[0], views, pair, city.after[0], city.label)


class OSCD(ChangeDataset):
    """OSCD: urban change in 24 cities, 14 to train and 10 to test."""

    name = "oscd"
    title = "OSCD (Onera satellite change detection)"
    licence = "as its authors say"
    homepage = "https://rcdaudt.github.io/oscd/"
    citation = (
        "R. Caye Daudt, B. Le Saux, A. Boulch, Y. Gousseau: Urban change detection for multispectral Earth observation "
        "using convolutional neural networks. IGARSS 2018."
    )
    references = (papers.OSCD,)
    image_size = 96
    releases = (Release(train=14, val=0, test=10, height=600, width=600),)  # about 600: every city has its own size
    channels = len(BANDS)
    layout = (
        f'DATA_ROOT/OSCD/"{IMAGES}"/<city>/imgs_{{1,2}}_rect/B01.tif to B12.tif with train.txt and test.txt, and '
        f'DATA_ROOT/OSCD/"{_PREFIX}{{Train,Test}} Labels"/<city>/cm/cm.png, 14 + 10 cities.'
    )
    folders = ("OSCD", "oscd", "Onera Satellite Change Detection dataset", ".")

    @property
    def contents(self) -> str:
        """The numbers of cities and bands."""
        return f"{self.releases[0].pairs} cities, {self.channels} bands"

    def locate(self, data_root: Path) -> CitySource:
        """Find the cities below ``data_root`` without reading their pixels."""
        places = [data_root / folder for folder in self.folders]
        for place in places:
            if (place / IMAGES).is_dir():
                return _open(place)
        raise not_found(self, data_root, places)


def _open(where: Path) -> CitySource:
    """Return the cities that the lists name.

    Raises:
        RsbenchError: a list or a file of a city is missing or damaged.
    """
    parts = {part: _listed(where / IMAGES / f"{part}.txt") for part in LABELS}
    both = sorted(set(parts["train"]) & set(parts["test"]))
    if both:
        raise RsbenchError(f"{where / IMAGES}: train.txt and test.txt both name {both[0]}: keep it in one list.")
    cities = {name: _city(where, part, name) for part, names in parts.items() for name in names}
    pairs = tuple(_pair(name, city, number) for number, (name, city) in enumerate(cities.items()))
    told = tuple(part for part, names in parts.items() for _ in names)
    return CitySource(
        where=where,
        pairs=pairs,
        origins=Origins(parts=told, strata=(0,) * len(pairs), told="lists"),
        channels=len(BANDS),
        dtype="uint16",
        cities=cities,
    )


def _listed(path: Path) -> tuple[str, ...]:
    """Return the cities of a list, which commas or lines part.

    Raises:
        RsbenchError: it cannot be read, names none, or names what is no folder.
    """
    try:
        names = [
            name.strip() for name in read_plain(path, _LIST_BYTES).decode("utf-8-sig").replace(",", "\n").split("\n")
        ]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RsbenchError(f"{path} cannot be read ({reason}): it must name the cities of that part.") from error
    cities = tuple(dict.fromkeys(name for name in names if name))
    if not cities:
        raise RsbenchError(f"{path} names no city.")
    for city in cities:
        if Path(city).name != city or not (path.parent / city).is_dir():
            raise RsbenchError(f"{path} names {city}, which {path.parent} does not have: add it, or take its name out.")
    return cities


def _city(where: Path, part: str, name: str) -> City:
    """Return the files of a city.

    Raises:
        RsbenchError: one is missing.
    """
    images = where / IMAGES / name
    before, after = (tuple(images / f"imgs_{date}_rect" / f"{band}.tif" for band in BANDS) for date in (1, 2))
    city = City(before=before, after=after, label=where / LABELS[part] / name / "cm" / "cm.png")
    missing = [path for path in city.files if not path.is_file()]
    if missing:
        raise RsbenchError(f"{missing[0]} is missing: add it, or take {name} out of {part}.txt.")
    return city


def _pair(name: str, city: City, number: int) -> Pair:
    """Return a city with the size that the head of its first file states.

    Raises:
        RsbenchError: that cannot be read.
    """
    height, width = head(city.before[0])
    size_bytes, stamp = stamped(city.files)
    return Pair(name=name, origin=number, height=height, width=width, size_bytes=size_bytes, stamp=stamp)


def _stacked(files: tuple[Path, ...], pair: Pair) -> NDArray[np.uint16]:
    """Return the bands of one date, ``uint16 [H, W, 13]``.

    Raises:
        BrokenPair: a band cannot be read, or has another size.
    """
    bands = [picture(path, _band) for path in files]
    for path, band in zip(files, bands, strict=True):
        if band.shape != (pair.height, pair.width):
            raise BrokenPair(
                f"{path} has {band.shape[0]:,} x {band.shape[1]:,} pixels, but {files[0]} of the first date has "
                f"{pair.height:,} x {pair.width:,}: all bands must have one size."
            )
    return np.stack(bands, axis=2)


def _band(image: Image.Image) -> NDArray[np.uint16]:
    """Return a band of 8 or 16 bits as ``uint16 [H, W]``.

    Raises:
        BrokenPicture: it has other values.
    """
    values = np.asarray(image)
    if values.ndim != 2 or values.dtype.kind not in "ui" or values.min() < 0 or values.max() > np.iinfo(np.uint16).max:
        raise BrokenPicture(f"it is no band of 8 or 16 bits (Pillow mode {image.mode})")
    return values.astype(np.uint16)
