"""Pictures in one folder per class, on disk or inside a zip: the layout of nearly every scene data set."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from rsbench.datasets.base import not_found
from rsbench.datasets.io.pictures import MAX_PICTURE_BYTES
from rsbench.datasets.io.plain_file import read_plain
from rsbench.datasets.io.zip_archive import Member, members, open_archive, read, unreadable_archive
from rsbench.datasets.scenes.copies import without_copies
from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.listing import Entry, Listing, in_zip, looked_for, on_disk, sort_out
from rsbench.datasets.scenes.source import Picture, Source
from rsbench.datasets.scenes.split_lists import with_lists
from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class FolderSource(Source):
    """Pictures as files below ``where``."""

    def read(self, picture: Picture) -> bytes:
        """Return the bytes of one picture's file.

        Raises:
            OSError: if it cannot be read, is no plain file or too large.
        """
        return read_plain(self.where / picture.name, MAX_PICTURE_BYTES)


@dataclass(frozen=True, kw_only=True)
class ZipSource(Source):
    """Pictures inside a zip, read where it stands."""

    members: Mapping[str, Member]
    """By the name of the picture."""
    archive: zipfile.ZipFile = field(repr=False, compare=False)
    """Kept open; members may be read from several threads."""

    def read(self, picture: Picture) -> bytes:
        """Return the bytes of one member.

        Raises:
            OSError: if the archive is damaged there, or the member too large.
        """
        return read(self.archive, self.members[picture.name], MAX_PICTURE_BYTES)

    def place(self, picture: Picture) -> str:
        """Return the words that tell a user which member a picture is."""
        return f"{self.members[picture.name].name} in {self.where}"


class ClassFolderDataset(SceneDataset):
    """A released data set in one folder per class; subclasses state facts only."""

    folders: ClassVar[tuple[str, ...]]
    """Where the class folders may stand, relative to the data root, best first."""
    archives: ClassVar[tuple[str, ...]]
    """Where the official zip may stand, relative to the data root."""
    rars: ClassVar[tuple[str, ...]] = ()
    """Official archives that cannot be read in place."""
    list_files: ClassVar[str]
    """Official split lists, with ``{part}``, beside the data root or the pictures."""
    list_folders: ClassVar[tuple[str, ...]] = (".",)
    class_names: ClassVar[tuple[str, ...]]
    images: ClassVar[int]

    def locate(self, data_root: Path) -> Source:
        """Find the class folders, or the zip that holds them, below ``data_root``."""
        places = [data_root / name for name in (*self.folders, *self.archives)]
        empty: list[RsbenchError] = []
        for folder in (data_root / name for name in self.folders):
            listing = sort_out(on_disk(folder, self.class_names), self.class_names)
            if listing.pictures:
                source = FolderSource(
                    where=folder,
                    class_names=self.class_names,
                    pictures=listing.pictures,
                    unreadable=listing.unreadable,
                    warnings=listing.notes,
                )
                return self._with_lists(source, data_root)
            if listing.other_suffixes:
                empty.append(_no_picture(folder, listing))
        for path in (data_root / name for name in self.archives):
            if path.is_file():
                return self._with_lists(open_zip(path, self.class_names), data_root)
        for rar in (data_root / name for name in self.rars):
            if rar.is_file():
                raise RsbenchError(
                    f'{rar} is a RAR archive, which rsbench cannot read: unpack it there with "unar {rar.name}" '
                    f'or "7z x {rar.name}", or run "rsbench data fetch {self.name} --data-root {data_root}".'
                )
        raise empty[0] if empty else not_found(self, data_root, places)

    def _with_lists(self, source: Source, data_root: Path) -> Source:
        """Return the source without copies in a second format, with the official split lists that stand beside it."""
        return with_lists(without_copies(source), data_root, self.list_folders, self.list_files)


def _no_picture(folder: Path, listing: Listing) -> RsbenchError:
    """Return the error for class folders with images of other formats alone."""
    return RsbenchError(
        f"The class folders in {folder} hold {listing.others} and no picture; {looked_for()}: convert them, or name "
        f"another folder with --data-root."
    )


def open_zip(path: Path, class_names: Sequence[str]) -> ZipSource:
    """Return the pictures of a zip whose members end in ``<class>/<file>``, whatever folder they stand in.

    Raises:
        RsbenchError: if the zip is damaged, encrypted, compressed in a way that is not read, or holds none of the
            classes.
    """
    archive = open_archive(path)
    held: dict[str, Member] = {}
    entries: dict[str, Entry] = {}
    hidden = 0
    for entry, member in in_zip(members(archive), class_names, path):
        name = f"{entry.class_name}/{entry.file}"
        hidden += name in held and not entry.is_folder
        entries.setdefault(name, entry)
        held.setdefault(name, member)
    listing = sort_out(entries.values(), class_names)
    if not listing.pictures:
        what = f" ({listing.others}; {looked_for()})" if listing.other_suffixes else ""
        raise RsbenchError(
            f"{path} holds no picture of the classes {class_names[0]}, {class_names[1]}, ...{what}: "
            f"it is another archive; put the official one there."
        )
    for picture in listing.pictures:
        if held[picture.name].coding_problem is not None:
            raise RsbenchError(unreadable_archive(path, held[picture.name]))
    twice = f"{hidden:,} members of {path} have class and name of another one and are left out."
    return ZipSource(
        where=path,
        class_names=tuple(class_names),
        pictures=listing.pictures,
        unreadable=listing.unreadable,
        warnings=(*listing.notes, *([twice] if hidden else [])),
        members=held,
        archive=archive,
    )
