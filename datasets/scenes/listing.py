"""What stands in class folders, on disk or inside a zip: pictures, and what is left out of them with the reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rsbench.datasets.io.pictures import MAX_PICTURE_BYTES, SUFFIXES
from rsbench.datasets.io.plain_file import kind_problem, size_problem
from rsbench.datasets.io.zip_archive import Member, is_junk
from rsbench.datasets.scenes.source import Picture, Unreadable
from rsbench.errors import RsbenchError

_OTHER_IMAGES = (
    *(".gif", ".jp2", ".j2k", ".jpx", ".jfif", ".jpe", ".jxl", ".ico", ".eps", ".ps", ".pdf", ".svg", ".psd", ".xcf"),
    *(
        ".heic",
        ".heif",
        ".avif",
        ".ppm",
        ".pgm",
        ".pnm",
        ".pbm",
        ".tga",
        ".dds",
        ".dng",
        ".raw",
        ".img",
        ".dat",
        ".ecw",
    ),
    *(".ecw", ".sid", ".vrt", ".nc", ".npy", ".npz", ".mat", ".h5", ".hdf"),
)
"""Suffixes of files that a user may take for pictures of the set; those that only go with pictures are left out."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing in a class folder."""

    class_name: str
    file: str
    """Its name in the folder."""
    place: str
    """The words that tell a user where it is."""
    size_bytes: int = 0
    stamp: int = 0
    is_folder: bool = False
    problem: str | None = None
    """Why it cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What was found."""

    pictures: tuple[Picture, ...]
    """By class and name."""
    unreadable: tuple[Unreadable, ...]
    other_suffixes: Counter[str]
    """Suffix -> number of files that are images, but of no format that is read."""
    nested: tuple[str, ...]
    """Folders within class folders."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was left out besides what is unreadable."""
        sentences = []
        if self.other_suffixes:
            sentences.append(f"{self.others} are left out; {looked_for()}.")
        if self.nested:
            more = f" and {len(self.nested) - 3:,} more" if len(self.nested) > 3 else ""
            sentences.append(
                f"Folders within class folders are not looked into: {', '.join(self.nested[:3])}{more}; move their "
                f"pictures into the class folders if they belong there."
            )
        return tuple(sentences)

    @property
    def others(self) -> str:
        """``12 files (.gif 10, .jp2 2)``."""
        counts = ", ".join(f"{suffix} {count:,}" for suffix, count in self.other_suffixes.most_common())
        return f"{self.other_suffixes.total():,} {'file' if self.other_suffixes.total() == 1 else 'files'} ({counts})"


def looked_for() -> str:
    """Say which files are pictures."""
    return f"pictures are files that end in {', '.join(SUFFIXES)}"


def is_picture(file: str) -> bool:
    """Tell image files from others by their suffix; hidden files (``._x.jpg`` of macOS) are none."""
    return file.lower().endswith(SUFFIXES) and not is_junk(file)


def sort_out(entries: Iterable[Entry], class_names: Sequence[str]) -> Listing:
    """Tell pictures from what is left out."""
    labels = {name: label for label, name in enumerate(class_names)}
    pictures: list[Picture] = []
    unreadable: list[Unreadable] = []
    suffixes: Counter[str] = Counter()
    nested: dict[str, None] = {}
    for entry in entries:
        suffix = os.path.splitext(entry.file)[1].lower()
        if is_junk(entry.file) or entry.class_name not in labels:
            continue
        if entry.is_folder:
            nested[entry.place] = None
        elif suffix in _OTHER_IMAGES:
            suffixes[suffix] += 1
        elif entry.problem is not None and (is_picture(entry.file) or not entry.file):
            unreadable.append(Unreadable(file=entry.place, reason=entry.problem))
        elif is_picture(entry.file):
            name, label = f"{entry.class_name}/{entry.file}", labels[entry.class_name]
            pictures.append(Picture(name=name, label=label, size_bytes=entry.size_bytes, stamp=entry.stamp))
    return Listing(
        pictures=tuple(sorted(pictures, key=_order)),
        unreadable=tuple(unreadable),
        other_suffixes=suffixes,
        nested=tuple(nested),
    )


def _order(picture: Picture) -> tuple[int, str, int, str]:
    """Sort by class and name, and where two names differ in their suffix alone, .tif before .jpg."""
    stem, suffix = os.path.splitext(picture.name)
    return picture.label, stem, SUFFIXES.index(suffix.lower()), picture.name


def on_disk(folder: Path, class_names: Sequence[str]) -> Iterable[Entry]:
    """Yield what stands in ``folder/<class>/``; classes that are not there are left out.

    Raises:
        RsbenchError: a class folder may not be read.
    """
    for name in class_names:
        try:
            with os.scandir(folder / name) as found:
                yield from [_of_file(name, entry) for entry in found]
        except PermissionError as error:
            raise RsbenchError(f"{folder / name} cannot be read ({error.strerror}): check its permissions.") from error
        except OSError as error:
            if os.path.lexists(folder / name):
                yield Entry(
                    class_name=name, file="", place=str(folder / name), problem=broken_link(folder / name, error)
                )


def _of_file(class_name: str, entry: os.DirEntry[str]) -> Entry:
    """Return what there is to say of one thing in a folder; a link is followed."""
    if is_junk(entry.name):
        return Entry(class_name=class_name, file=entry.name, place=entry.path)
    try:
        found = entry.stat()
    except OSError as error:
        problem = broken_link(Path(entry.path), error)
        return Entry(class_name=class_name, file=entry.name, place=entry.path, problem=problem)
    return Entry(
        class_name=class_name,
        file=entry.name,
        place=entry.path,
        size_bytes=found.st_size,
        stamp=found.st_mtime_ns,
        is_folder=entry.is_dir() and not is_picture(entry.name),
        problem=kind_problem(found.st_mode) or size_problem(found.st_size, MAX_PICTURE_BYTES),
    )


def broken_link(path: Path, error: OSError) -> str:
    """Return the words for something that cannot be looked at; mostly a link to what is gone."""
    if path.is_symlink() and isinstance(error, FileNotFoundError):
        return f"it is a link to {os.readlink(path)}, where nothing stands"
    return error.strerror or str(error)


def in_zip(found: Iterable[Member], class_names: Sequence[str], archive: Path) -> Iterable[tuple[Entry, Member]]:
    """Yield the members of a zip that stand in a class folder, whatever folders that stands in."""
    known = set(class_names)
    for member in found:
        *folders, file = PurePosixPath(member.name).parts or ("",)
        if member.junk or not folders:
            continue
        place = f"{member.name} in {archive}"
        if folders[-1] in known:
            kind = "a folder" if member.is_folder else "a link or device"
            problem = f"it is {kind}, not a plain file" if member.is_folder or member.kind_problem else None
            entry = Entry(
                class_name=folders[-1],
                file=file,
                place=place,
                size_bytes=member.info.file_size,
                stamp=member.info.CRC,
                is_folder=member.is_folder and not is_picture(file),
                problem=problem or size_problem(member.info.file_size, MAX_PICTURE_BYTES),
            )
            yield entry, member
        elif (class_name := next((name for name in reversed(folders) if name in known), None)) is not None:
            within = "/".join(folders[: len(folders) - folders[::-1].index(class_name) + 1])
            place = f"{within} in {archive}"
            yield Entry(class_name=class_name, file=folders[-1], place=place, is_folder=True), member
