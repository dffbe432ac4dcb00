"""One folder with the pictures of two dates and their labels, matched by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsbench.datasets.io.pictures import SUFFIXES
from rsbench.datasets.io.plain_file import read_plain
from rsbench.datasets.io.zip_archive import is_junk
from rsbench.errors import RsbenchError

DATES = (("A", "B"), ("time1", "time2"), ("im1", "im2"), ("t1", "t2"))
"""What the folders of the two dates are called, in any case."""
LABELS = ("label", "labels", "OUT", "mask", "gt")
"""What the folder of labels is called, in any case."""
PARTS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""What folders and lists of a part are called, in any case."""
LISTS = ("list", "lists")
"""What the folder of lists is called, in any case; lists may lie beside the dates, too."""
_LIST_BYTES = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Triple:
    """The three files of a pair.

    Attributes:
        stem: the name without suffix, unique in its folder.
        listed: the part that a list tells; empty without one.
    """

    stem: str
    before: Path
    after: Path
    label: Path
    listed: str = ""


@dataclass(frozen=True, kw_only=True)
class PictureFolder:
    """A folder with two dates and labels.

    Attributes:
        where: the folder.
        part: that its own name tells; empty where it tells none.
        triples: by name.
        notes: sentences on lists that tell no part.
    """

    where: Path
    part: str
    triples: tuple[Triple, ...]
    notes: tuple[str, ...] = ()


def find_folders(where: Path) -> tuple[PictureFolder, ...]:
    """Return the folders of one data set: itself, or its parts train, val and test; none where there are no dates.

    Raises:
        RsbenchError: a date or the labels are missing, names do not match, or a list names pairs that are not there.
    """
    whole = _open(where, "")
    if whole is not None:
        return (whole,)
    words = {word: part for part, several in PARTS.items() for word in several}
    found: dict[str, PictureFolder] = {}
    for name, path in sorted(subfolders(where).items()):
        folder = _open(path, words[name]) if name in words else None
        if folder is not None and folder.part in found:
            raise RsbenchError(
                f"{found[folder.part].where} and {path} are both the part {folder.part}: join them, or move one away."
            )
        if folder is not None:
            found[folder.part] = folder
    return tuple(found[part] for part in PARTS if part in found)


def subfolders(where: Path) -> dict[str, Path]:
    """Return the folders in a folder by their names in small letters; none where it is no folder.

    Raises:
        RsbenchError: it may not be read.
    """
    if not where.is_dir():
        return {}
    try:
        paths = sorted(path for path in where.iterdir() if not is_junk(path.name) and path.is_dir())
    except OSError as error:
        raise RsbenchError(f"{where} cannot be read ({error.strerror or error}): check its permissions.") from error
    return {path.name.casefold(): path for path in paths}


def _open(where: Path, part: str) -> PictureFolder | None:
    """Return the pairs of a folder with dates in it, None where there are no dates."""
    there = subfolders(where)
    for names in DATES:
        dates = [there[name.casefold()] for name in names if name.casefold() in there]
        if not dates:
            continue
        labels = [there[name.casefold()] for name in LABELS if name.casefold() in there]
        if len(dates) == 1:
            missing = names[1] if dates[0].name.casefold() == names[0].casefold() else names[0]
            raise RsbenchError(
                f"{where} has the date {dates[0].name} but not {missing}: add that folder with the pictures of the "
                "other date."
            )
        if not labels:
            raise RsbenchError(
                f"{where} has two dates but no folder of labels: add one that is called {', '.join(LABELS[:-1])} or "
                f"{LABELS[-1]}."
            )
        triples = _matched(dates[0], dates[1], labels[0])
        listed, notes = _lists(where, [triple.stem for triple in triples])
        triples = tuple(
            Triple(
                stem=one.stem,
                before=one.before,
                after=one.after,
                label=one.label,
                listed=listed.get(one.stem, ""),
            )
            for one in triples
        )
        return PictureFolder(where=where, part=part, triples=triples, notes=notes)
    return None


def _matched(before: Path, after: Path, label: Path) -> tuple[Triple, ...]:
    """Return the pairs of three folders, by name.

    Raises:
        RsbenchError: a name that one of the folders lacks, or none at all.
    """
    files = [_pictures(folder) for folder in (before, after, label)]
    every = sorted(set().union(*files))
    if not every:
        raise RsbenchError(f"{before} holds no pictures; pictures are files that end in {', '.join(SUFFIXES)}.")
    for folder, own in zip((before, after, label), files, strict=True):
        absent = [stem for stem in every if stem not in own]
        if absent:
            raise RsbenchError(
                f"{folder} lacks {_named(absent)}, which the other folders of {before.parent} have: add the missing "
                "files, or remove the others."
            )
    return tuple(Triple(stem=stem, before=files[0][stem], after=files[1][stem], label=files[2][stem]) for stem in every)


def _pictures(folder: Path) -> dict[str, Path]:
    """Return the picture files of a folder by name without suffix.

    Raises:
        RsbenchError: it may not be read, or two files have one name.
    """
    found: dict[str, Path] = {}
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if not entry.is_dir())
    except OSError as error:
        raise RsbenchError(f"{folder} cannot be read ({error.strerror or error}): check its permissions.") from error
    for name in names:
        stem, suffix = os.path.splitext(name)
        if is_junk(name) or suffix.lower() not in SUFFIXES:
            continue
        if stem in found:
            raise RsbenchError(f"{found[stem]} and {name} have one name: keep one of them.")
        found[stem] = folder / name
    return found


def _lists(where: Path, stems: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the part of each name that lists tell, and sentences on lists that tell none.

    Raises:
        RsbenchError: a list cannot be read, names what is not there, or names what another list names.
    """
    words = {word: part for part, several in PARTS.items() for word in several}
    told: dict[str, str] = {}
    notes: list[str] = []
    for path in _list_files(where):
        part = words.get(path.stem.casefold())
        if part is None and path.parent != where:
            notes.append(f"{path} is the list of no part and is not used.")
        if part is None:
            continue
        names = list(_lines(path))
        if not names:
            raise RsbenchError(f"{path} names no picture: add names to it, or remove it.")
        absent = sorted(set(names) - set(stems))
        if absent:
            raise RsbenchError(
                f"{path} names {_named(absent)}, which {where} does not have: add the pictures, or take their names "
                "out."
            )
        twice = sorted(name for name in set(names) if told.get(name, part) != part)
        if twice:
            raise RsbenchError(
                f"{path} names {_named(twice)}, which the list of {told[twice[0]]} names too: keep each picture in one "
                "list."
            )
        told |= dict.fromkeys(names, part)
    return told, tuple(notes)


def _list_files(where: Path) -> list[Path]:
    """Return the text files beside the dates, and those in the folder of lists there."""
    folders = [where, *(path for name, path in subfolders(where).items() if name in LISTS)]
    return [path for folder in folders for path in sorted(folder.glob("*.txt")) if not is_junk(path.name)]


def _lines(path: Path) -> Iterator[str]:
    """Yield the names of a list, without suffixes.

    Raises:
        RsbenchError: it cannot be read.
    """
    try:
        text = read_plain(path, _LIST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RsbenchError(f"{path} cannot be read ({reason}): replace it, or remove it.") from error
    for line in text.splitlines():
        name = line.strip()
        stem, suffix = os.path.splitext(name)
        if name:
            yield stem if suffix.lower() in SUFFIXES else name


def _named(names: list[str]) -> str:
    """Return ``2 pictures (a, b)``, at most three of them by name."""
    noun = "picture" if len(names) == 1 else "pictures"
    more = ", ..." if len(names) > 3 else ""
    return f"{len(names):,} {noun} ({', '.join(names[:3])}{more})"
