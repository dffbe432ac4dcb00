"""Pictures in one folder per class, on disk or inside a zip: the layout of nearly every scene data set."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from rsbench.datasets.base import not_found
from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.images import SUFFIXES
from rsbench.datasets.scenes.source import Picture, Source
from rsbench.datasets.scenes.split_lists import with_lists
from rsbench.errors import RsbenchError


@dataclass(frozen=True, kw_only=True)
class FolderSource(Source):
    """Pictures as files below ``where``."""

    def read(self, picture: Picture) -> bytes:
        """Return the bytes of one picture's file."""
        return (self.where / picture.name).read_bytes()


@dataclass(frozen=True, kw_only=True)
class ZipSource(Source):
    """Pictures inside a zip, read where it stands."""

    members: Mapping[str, str]
    """Picture name -> member of the archive."""
    archive: zipfile.ZipFile = field(repr=False, compare=False)
    """Kept open; ``ZipFile.read`` may be called from several threads."""

    def read(self, picture: Picture) -> bytes:
        """Return the bytes of one member.

        Raises:
            OSError: if the archive is damaged there.
        """
        try:
            return self.archive.read(self.members[picture.name])
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            raise OSError(f"the archive is damaged: {error}") from error

    def place(self, picture: Picture) -> str:
        """Return the words that tell a user which member a picture is."""
        return f"{self.members[picture.name]} in {self.where}"


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
        for folder in (data_root / name for name in self.folders):
            pictures = scan_folder(folder, self.class_names)
            if pictures:
                return self._with_lists(
                    FolderSource(where=folder, class_names=self.class_names, pictures=pictures), data_root
                )
        for path in (data_root / name for name in self.archives):
            if path.is_file():
                return self._with_lists(open_zip(path, self.class_names), data_root)
        for rar in (data_root / name for name in self.rars):
            if rar.is_file():
                raise RsbenchError(
                    f'{rar} is a RAR archive, which rsbench cannot read: unpack it there with "unar {rar.name}" '
                    f'or "7z x {rar.name}", or run "rsbench data fetch {self.name} --data-root {data_root}".'
                )
        raise not_found(self, data_root, places)

    def _with_lists(self, source: Source, data_root: Path) -> Source:
        """Return the source with the official split lists that stand beside it."""
        return with_lists(source, data_root, self.list_folders, self.list_files)


def scan_folder(folder: Path, class_names: Sequence[str]) -> tuple[Picture, ...]:
    """Return the pictures in ``folder/<class>/``, by class and name; classes that are not there are left out."""
    pictures: list[Picture] = []
    for label, name in enumerate(class_names):
        try:
            with os.scandir(folder / name) as entries:
                files = [(entry.name, entry.stat()) for entry in entries if is_picture(entry.name)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise RsbenchError(f"{folder / name} cannot be read ({error.strerror}): check its permissions.") from error
        pictures += [
            Picture(name=f"{name}/{file}", label=label, size_bytes=stat.st_size, stamp=stat.st_mtime_ns)
            for file, stat in files
        ]
    return one_format_each(pictures)


def open_zip(path: Path, class_names: Sequence[str]) -> ZipSource:
    """Return the pictures of a zip whose members end in ``<class>/<file>``, whatever folder they stand in.

    Raises:
        RsbenchError: if the zip is damaged or holds none of the classes.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise RsbenchError(f"{path} is not a whole zip archive ({error}): delete it and download it again.") from error
    labels = {name: label for label, name in enumerate(class_names)}
    pictures: list[Picture] = []
    members: dict[str, str] = {}
    for info in archive.infolist():
        folders, _, file = info.filename.rpartition("/")
        class_name = folders.rpartition("/")[2]
        name = f"{class_name}/{file}"
        if class_name in labels and is_picture(file) and "__MACOSX" not in folders and name not in members:
            members[name] = info.filename
            pictures.append(Picture(name=name, label=labels[class_name], size_bytes=info.file_size, stamp=info.CRC))
    if not pictures:
        raise RsbenchError(
            f"{path} holds no picture of the classes {class_names[0]}, {class_names[1]}, ...: "
            f"it is another archive; put the official one there."
        )
    return ZipSource(
        where=path, class_names=tuple(class_names), pictures=one_format_each(pictures), members=members, archive=archive
    )


def is_picture(file: str) -> bool:
    """Tell image files from others by their suffix; hidden files (``._x.jpg`` of macOS) are none."""
    return file.lower().endswith(SUFFIXES) and not file.startswith(".")


def one_format_each(pictures: list[Picture]) -> tuple[Picture, ...]:
    """Sort by class and name, and where one picture stands in two formats keep the better (.tif before .jpg)."""
    best: dict[tuple[int, str], Picture] = {}
    for picture in pictures:
        stem, suffix = os.path.splitext(picture.name)
        known = best.setdefault((picture.label, stem), picture)
        if SUFFIXES.index(suffix.lower()) < SUFFIXES.index(os.path.splitext(known.name)[1].lower()):
            best[picture.label, stem] = picture
    return tuple(best[key] for key in sorted(best))
