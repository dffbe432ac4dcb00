"""Official split lists: one file name a line, in one text file for each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from rsbench.datasets.io.plain_file import read_plain
from rsbench.datasets.scenes.source import Source
from rsbench.errors import RsbenchError

_MAX_BYTES = 64 * 2**20
PARTS = ("train", "val", "test")


def with_lists(source: Source, data_root: Path, folders: Sequence[str], pattern: str) -> Source:
    """Return the source with the split that its official lists name, or as it is where they are missing.

    Args:
        source: the pictures found.
        data_root: folder of all data sets.
        folders: where the lists may stand, relative to ``data_root``.
        pattern: their file name, with ``{part}`` for train, val and test.

    Raises:
        RsbenchError: if a list cannot be read or two lists name the same picture.
    """
    for folder in folders:
        paths = {part: data_root / folder / pattern.format(part=part) for part in PARTS}
        present = [path for path in paths.values() if path.is_file()]
        if len(present) == len(PARTS):
            return _resolved(source, paths, pattern)
        if present:
            missing = ", ".join(str(path) for path in paths.values() if path not in present)
            warning = f"Split lists are incomplete ({missing} missing); the official split falls back to 80/10/10."
            return replace(source, warnings=(*source.warnings, warning))
    return source


def _resolved(source: Source, paths: dict[str, Path], pattern: str) -> Source:
    """Return the source with positions for the names of the lists; formats may differ (.tif named, .jpg on disk)."""
    names = [PurePosixPath(picture.name) for picture in source.pictures]
    position = {name.stem: index for index, name in reversed(list(enumerate(names)))}  # of two formats the first
    position |= {name.name: index for index, name in enumerate(names)}
    lists: dict[str, tuple[int, ...]] = {}
    named, owner = 0, dict[int, str]()
    for part, path in paths.items():
        listed = {PurePosixPath(name) for name in _lines(path)}
        places = {position.get(name.name, position.get(name.stem)) for name in listed}
        lists[part] = tuple(sorted(place for place in places if place is not None))
        named += len(listed)
        for index in lists[part]:
            if owner.setdefault(index, part) != part:
                raise RsbenchError(
                    f"{source.pictures[index].name} stands in both {paths[owner[index]]} and {path}: "
                    f"the lists are not the official ones; delete them or fetch them again."
                )
    skipped = named - len(owner)
    note = pattern.format(part="{train,val,test}")
    if skipped:
        note += f"; {skipped:,} of {named:,} names not on disk skipped"
    unnamed = len(source.pictures) - len(owner)
    if unnamed:
        note += f"; {unnamed:,} images in no list left out"
    return replace(source, lists=lists, lists_note=note)


def _lines(path: Path) -> list[str]:
    """Return the names in one list."""
    try:
        text = read_plain(path, _MAX_BYTES).decode("utf-8", "surrogateescape")  # as names on disk are read
    except OSError as error:
        raise RsbenchError(f"The split list {path} cannot be read ({error}): delete it or fetch it again.") from error
    return [line.strip() for line in text.split("\n") if line.strip()]
