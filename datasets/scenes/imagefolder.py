"""Your own pictures: one folder per class, optionally below train, val and test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rsbench.datasets.base import not_found
from rsbench.datasets.io.zip_archive import is_junk
from rsbench.datasets.scenes.class_folders import FolderSource
from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.listing import Listing, broken_link, is_picture, looked_for, on_disk, sort_out
from rsbench.datasets.scenes.source import Picture, Source, Unreadable
from rsbench.errors import RsbenchError

PART_WORDS: Final = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "tst"),
}
"""What folders of a fixed split are called, in any case."""


class ImageFolder(SceneDataset):
    """Any folder of class folders."""

    name = "imagefolder"
    title = "image folder"
    licence = "that of your images"
    published = False
    citation = "your own images"
    image_size = 64
    epochs = 30
    layout = (
        "DATA_ROOT/<class>/<image> or DATA_ROOT/imagefolder/<class>/<image>, at least two classes; or with a fixed "
        "split DATA_ROOT/{train,val,test}/<class>/<image> (val or test may be left out; "
        "training, valid, validation and testing are understood too)."
    )

    def locate(self, data_root: Path) -> Source:
        """Find the class folders: in ``data_root/imagefolder`` if that exists, else in ``data_root``."""
        nested = data_root / "imagefolder"
        where = nested if nested.is_dir() else data_root
        found = _Folders.of(where)
        folders = found.names
        if not folders:
            raise not_found(self, data_root, [nested, data_root])
        parts = _parts(where, folders)
        if parts:
            return _with_fixed_split(where, parts)
        _require_classes(where, folders)
        listing = sort_out(on_disk(where, folders), folders)
        _require_pictures(where, folders, listing)
        return FolderSource(
            where=where,
            class_names=tuple(folders),
            pictures=listing.pictures,
            unreadable=(*found.gone, *listing.unreadable),
            warnings=(*found.notes, *listing.notes),
        )


@dataclass(frozen=True, kw_only=True)
class _Folders:
    """What stands in a folder of class folders or parts, without junk."""

    where: Path
    names: list[str]
    """Of the folders, sorted."""
    gone: tuple[Unreadable, ...]
    """Links that lead nowhere: once perhaps folders."""
    loose: int
    """Pictures that stand in no folder."""

    @classmethod
    def of(cls, where: Path) -> _Folders:
        """Look into a folder; one that is not there holds nothing.

        Raises:
            RsbenchError: it may not be read.
        """
        try:
            paths = sorted(path for path in where.iterdir() if not is_junk(path.name)) if where.is_dir() else []
        except OSError as error:
            raise RsbenchError(f"{where} cannot be read ({error.strerror or error}): check its permissions.") from error
        gone = [path for path in paths if path.is_symlink() and not path.exists()]
        return cls(
            where=where,
            names=[path.name for path in paths if path.is_dir()],
            gone=tuple(Unreadable(file=str(path), reason=broken_link(path, FileNotFoundError())) for path in gone),
            loose=sum(is_picture(path.name) and path.is_file() for path in paths),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on pictures without a class, if there are any."""
        return (f"{self.loose:,} pictures right in {self.where} have no class and are left out.",) if self.loose else ()


def _parts(where: Path, folders: list[str]) -> dict[str, str]:
    """Return part -> folder of a fixed split, empty where the folders are classes.

    Raises:
        RsbenchError: two folders are one part, or something else stands beside the parts.
    """
    words = {word: part for part, several in PART_WORDS.items() for word in several}
    named = [name for name in folders if name.casefold() in words and _Folders.of(where / name).names]
    parts: dict[str, str] = {}
    for name in named:
        part = words[name.casefold()]
        if part in parts:
            raise RsbenchError(
                f"{where / parts[part]} and {where / name} are both the part {part}: join them, or move one away."
            )
        parts[part] = name
    if "train" not in parts:
        return {}
    if len(parts) == 1 and len(folders) == 1:
        raise RsbenchError(
            f"{where} holds the part {parts['train']} only: add val or test, or split it anew with "
            f"--data-root {where / parts['train']}."
        )
    others = [name for name in folders if name not in named]
    if others:
        raise RsbenchError(
            f"{where} holds the parts {', '.join(named)} of a fixed split, and {', '.join(others[:3])} beside them, "
            f"which has another name or no class folders: move it away (layout: {ImageFolder.layout})"
        )
    return parts


def _require_classes(where: Path, class_names: list[str]) -> None:
    """Refuse fewer than two classes, and parts of a split that are taken for classes.

    Raises:
        RsbenchError: says what stands there instead.
    """
    if len(class_names) < 2:
        only = where / class_names[0]
        below = f" If the class folders are those in it, say --data-root {only}." if _Folders.of(only).names else ""
        raise RsbenchError(f"{where} holds one class only ({only.name}): a classifier needs at least two.{below}")
    if set(map(str.casefold, class_names)) <= {word for several in PART_WORDS.values() for word in several}:
        raise RsbenchError(
            f"{where} holds the parts {', '.join(class_names)} of a split without class folders in them "
            f"(layout: {ImageFolder.layout})"
        )


def _require_pictures(where: Path, class_names: list[str], listing: Listing) -> None:
    """Refuse a class without pictures.

    Raises:
        RsbenchError: naming it, and why what stands there is no picture.
    """
    present = {picture.label for picture in listing.pictures}
    for label, name in enumerate(class_names):
        if label not in present:
            alone = sort_out(on_disk(where, [name]), [name])
            seen = f" but {alone.others}" if alone.other_suffixes else ""
            seen = seen or (f" that can be read ({alone.unreadable[0].reason})" if alone.unreadable else "")
            raise RsbenchError(
                f"The class folder {where / name} holds no image{seen}; {looked_for()}: add images, remove that "
                f"folder, or name the folder that holds the class folders with --data-root "
                f"(layout: {ImageFolder.layout})"
            )


def _with_fixed_split(where: Path, parts: dict[str, str]) -> Source:
    """Return pictures and split of ``where/{train,val,test}/<class>``; without a test part, the val part tests."""
    train = where / parts["train"]
    class_names = _Folders.of(train).names
    if not class_names:
        raise RsbenchError(f"{train} holds no class folder (layout: {ImageFolder.layout})")
    pictures: list[Picture] = []
    unreadable: list[Unreadable] = []
    notes: list[str] = []
    lists: dict[str, tuple[int, ...]] = {}
    for part in (part for part in PART_WORDS if part in parts):
        folder = where / parts[part]
        found = _Folders.of(folder)
        of_part = _part(found, train, class_names)
        lists[part] = tuple(range(len(pictures), len(pictures) + len(of_part.pictures)))
        pictures += [replace(picture, name=f"{folder.name}/{picture.name}") for picture in of_part.pictures]
        unreadable += dict.fromkeys((*found.gone, *of_part.unreadable))
        notes += (*found.notes, *of_part.notes, *_empty_classes(folder, class_names, of_part))
    lists_note = f"the folders {', '.join(parts[part] for part in lists)}"
    if "test" not in lists:
        lists["test"] = lists.pop("val")
        lists_note += f"; {parts['val']} tests, because there is no test folder"
        notes.append(f"{where} has no test folder: {parts['val']} tests, and a tenth of {parts['train']} validates.")
    return FolderSource(
        where=where,
        class_names=tuple(class_names),
        pictures=tuple(pictures),
        unreadable=tuple(unreadable),
        warnings=tuple(notes),
        lists=lists,
        lists_note=lists_note,
    )


def _part(found: _Folders, train: Path, class_names: list[str]) -> Listing:
    """Return what stands in one part of a fixed split.

    Raises:
        RsbenchError: a class that train does not have, or one that is empty in train.
    """
    folder = found.where
    unknown = sorted(set(found.names) - set(class_names))
    if unknown:
        raise RsbenchError(
            f"{folder / unknown[0]} is a class that {train} does not have: every part must hold the classes of train."
        )
    listing = sort_out(on_disk(folder, class_names), class_names)
    if folder == train:
        _require_classes(folder, class_names)
        _require_pictures(folder, class_names, listing)
    return listing


def _empty_classes(folder: Path, class_names: list[str], listing: Listing) -> tuple[str, ...]:
    """Return a sentence on the classes without a picture in a part, if there are any."""
    present = {picture.label for picture in listing.pictures}
    empty = [name for label, name in enumerate(class_names) if label not in present]
    more = f" and {len(empty) - 5:,} more" if len(empty) > 5 else ""
    return (f"{folder} holds no picture of {', '.join(empty[:5])}{more}.",) if empty else ()
