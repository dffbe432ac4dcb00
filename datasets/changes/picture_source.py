"""Pairs in folders of pictures: which whole picture and which part each belongs to, and how it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsbench.datasets.changes.part_names import read_name
from rsbench.datasets.changes.picture_folder import PictureFolder, Triple
from rsbench.datasets.changes.source import BrokenPair, ChangeSource, Pair, Views, stamped
from rsbench.datasets.changes.tile_split import PARTS, Origins
from rsbench.datasets.io.pictures import MAX_PICTURE_BYTES, BrokenPicture, picture_size, read_picture, rgb
from rsbench.datasets.io.plain_file import read_plain
from rsbench.errors import RsbenchError

_GREY_SHARE = 0.05
"""Share of pixels between dark and bright that compression leaves in a JPEG of a label, at most."""


@dataclass(frozen=True, kw_only=True)
class PictureSource(ChangeSource):
    """Pairs of picture files.

    Attributes:
        triples: the three files of each pair, by its name.
    """

    triples: dict[str, Triple] = field(default_factory=dict)

    def read(self, pair: Pair) -> Views:
        """Read the three files of a pair."""
        files = self.triples[pair.name]
        before, after = (picture(path, _rgb) for path in (files.before, files.after))
        return together(files.before, Views(before, after, picture(files.label, label)), pair, files.after, files.label)


def together(first: Path, views: Views, pair: Pair, second: Path, third: Path) -> Views:
    """Return a pair whose three pictures have one size.

    Raises:
        BrokenPair: they have not.
    """
    wanted = pair.height, pair.width
    for path, pixels in zip((first, second, third), views, strict=True):
        if pixels.shape[:2] != wanted:
            raise BrokenPair(
                f"{path} has {pixels.shape[0]:,} x {pixels.shape[1]:,} pixels, but {first} has {wanted[0]:,} x "
                f"{wanted[1]:,}: both dates and the label must have one size."
            )
    return views


def picture(path: Path, convert: Callable[[Image.Image], NDArray[Any]]) -> NDArray[Any]:
    """Return the pixels of a picture file.

    Args:
        path: of the file.
        convert: makes pixels of the opened picture.

    Raises:
        BrokenPair: it cannot be read.
    """
    try:
        return read_picture(read_plain(path, MAX_PICTURE_BYTES), convert)
    except (BrokenPicture, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BrokenPair(f"{path} cannot be read ({reason}): replace it, or remove the pair.") from error


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Return a date as ``uint8 [H, W, 3]``."""
    return np.asarray(rgb(image), dtype=np.uint8)


def label(image: Image.Image) -> NDArray[np.uint8]:
    """Return a label as ``uint8 [H, W]`` of 0 and 1, from pixels of 0 and 255 or of 0 and 1.

    Pixels of a JPEG, which compression blurs, are rounded to the nearer of 0 and 255.

    Raises:
        BrokenPicture: it holds other values, or transparent pixels.
    """
    values = _levels(image)
    if image.format == "JPEG" and np.mean((values > 63) & (values < 192)) <= _GREY_SHARE:
        return (values > 127).astype(np.uint8)
    found = np.unique(values)
    if np.isin(found, (0, 1)).all() or np.isin(found, (0, 255)).all():
        return (values > 0).astype(np.uint8)
    values_text = ", ".join(f"{value:g}" for value in found[:4]) + (", ..." if len(found) > 4 else "")
    count = "1 value" if len(found) == 1 else f"{len(found):,} values"
    raise BrokenPicture(f"it holds {count} ({values_text}), and a label holds two: 0 and 255, or 0 and 1")


def _levels(image: Image.Image) -> NDArray[Any]:
    """Return the grey levels of a label ``[H, W]``, or the indices of its palette where that is not black and white.

    Raises:
        BrokenPicture: it has transparent pixels.
    """
    if image.mode[0] in "IF":
        return np.asarray(image)
    has_alpha = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    if has_alpha and np.asarray(image.convert("RGBA"))[..., 3].min(initial=255) < 255:
        raise BrokenPicture("it has transparent pixels, and a label has none: save it without alpha")
    levels = np.asarray(image.convert("L"))
    if image.mode == "P" and not np.isin(levels, (0, 255)).all():
        indices = np.asarray(image)
        return indices if indices.max(initial=0) <= 1 else levels
    return levels


def source_of(where: Path, sets: Sequence[Sequence[PictureFolder]], notes: Iterable[str] = ()) -> PictureSource:
    """Return the pairs of some data sets that lie beside each other.

    Args:
        where: the folder of all.
        sets: the folders of each data set.
        notes: sentences for the user.

    Raises:
        RsbenchError: a picture's head cannot be read.
    """
    pairs: list[Pair] = []
    triples: dict[str, Triple] = {}
    ledger = _Ledger()
    for number, folders in enumerate(sets):
        restarts = _names_occur_twice(folders)
        for folder in folders:
            for triple in folder.triples:
                name = (folder.where / triple.stem).relative_to(where).as_posix()
                pairs.append(_pair(name, triple, ledger.enter(number, folder, triple, restarts=restarts)))
                triples[name] = triple
    lists = (note for folders in sets for folder in folders for note in folder.notes)
    return PictureSource(
        where=where,
        pairs=tuple(pairs),
        origins=ledger.origins(),
        channels=3,
        warnings=(*notes, *lists, *ledger.notes()),
        triples=triples,
    )


def _names_occur_twice(folders: Sequence[PictureFolder]) -> bool:
    """Return whether the parts of a set number their pictures anew."""
    names = Counter(triple.stem for folder in folders for triple in folder.triples)
    return any(count > 1 for count in names.values())


def _pair(name: str, triple: Triple, origin: int) -> Pair:
    """Return a pair with the size that the head of its first file states.

    Raises:
        RsbenchError: that cannot be read.
    """
    height, width = head(triple.before)
    size_bytes, stamp = stamped((triple.before, triple.after, triple.label))
    return Pair(name=name, origin=origin, height=height, width=width, size_bytes=size_bytes, stamp=stamp)


def head(path: Path) -> tuple[int, int]:
    """Return height and width of a picture in pixels, from the head of its file.

    Raises:
        RsbenchError: that cannot be read.
    """
    try:
        return picture_size(path)
    except BrokenPicture as error:
        raise RsbenchError(f"{path} cannot be read ({error}): replace it, or remove the pair.") from error


class _Ledger:
    """Whole pictures as they are found, and what tells their parts."""

    def __init__(self) -> None:
        self._index: dict[tuple[str, ...], int] = {}
        self._strata: list[int] = []
        self._parts: list[set[str]] = []
        self._told: Counter[str] = Counter()

    def enter(self, number: int, folder: PictureFolder, triple: Triple, *, restarts: bool) -> int:
        """Return the index of the whole picture that a pair was cut from.

        Args:
            number: of the data set.
            folder: that holds the pair.
            triple: its files.
            restarts: whether the parts of the set number their pictures anew, so that equal names are not one picture.
        """
        read = read_name(triple.stem)
        if read.part:
            key: tuple[str, ...] = (read.picture,)  # official names mean one picture in all copies of a release
        elif read.is_crop and not restarts:
            key = (str(number), read.picture)
        else:
            key = (str(number), str(folder.where), read.picture)
        part, teller = next(
            (told for told in ((read.part, "names"), (triple.listed, "lists"), (folder.part, "folders")) if told[0]),
            ("", ""),
        )
        if key not in self._index:
            self._index[key] = len(self._index)
            self._strata.append(number)
            self._parts.append(set())
            self._told[teller] += 1
        index = self._index[key]
        self._parts[index] |= {part} - {""}
        return index

    def origins(self) -> Origins:
        """Return the whole pictures; one with crops in several parts is in the last of train, val and test."""
        tellers = [teller for teller in ("names", "lists", "folders") if self._told[teller]]
        return Origins(
            parts=tuple(max(parts, key=PARTS.index, default="") for parts in self._parts),
            strata=tuple(self._strata),
            told=" and ".join(tellers),
        )

    def notes(self) -> tuple[str, ...]:
        """Return a sentence on whole pictures whose crops were in several parts."""
        several = sum(len(parts) > 1 for parts in self._parts)
        if not several:
            return ()
        noun = "picture has" if several == 1 else "pictures have"
        return (
            f"{several:,} whole {noun} crops in several parts: all crops of one are in the last of train, val and "
            "test that was told.",
        )
