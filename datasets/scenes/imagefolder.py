"""Your own pictures: one folder per class, optionally below train, val and test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rsbench.datasets.base import not_found
from rsbench.datasets.scenes.class_folders import FolderSource, scan_folder
from rsbench.datasets.scenes.dataset import SceneDataset
from rsbench.datasets.scenes.source import Picture, Source
from rsbench.errors import RsbenchError


class ImageFolder(SceneDataset):
    """Any folder of class folders."""

    name = "imagefolder"
    title = "image folder"
    licence = "that of your images"
    citation = "your own images"
    image_size = 64
    epochs = 30
    layout = (
        "DATA_ROOT/<class>/<image> or DATA_ROOT/imagefolder/<class>/<image>, at least two classes; or with a fixed "
        "split DATA_ROOT/{train,val,test}/<class>/<image> (val may be left out)."
    )

    def locate(self, data_root: Path) -> Source:
        """Find the class folders: in ``data_root/imagefolder`` if that exists, else in ``data_root``."""
        nested = data_root / "imagefolder"
        where = nested if nested.is_dir() else data_root
        folders = _folders(where)
        if not folders:
            raise not_found(self, data_root, [nested, data_root])
        if {"train", "test"} <= set(folders) <= {"train", "val", "test"}:
            return _with_fixed_split(where, [part for part in ("train", "val", "test") if part in folders])
        return FolderSource(where=where, class_names=tuple(folders), pictures=_scan(where, folders))


def _folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted, hidden ones left out."""
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _scan(where: Path, class_names: list[str]) -> tuple[Picture, ...]:
    """Return the pictures of every class.

    Raises:
        RsbenchError: naming a class without pictures, or fewer than two classes.
    """
    pictures = scan_folder(where, class_names)
    present = {picture.label for picture in pictures}
    for label, name in enumerate(class_names):
        if label not in present:
            raise RsbenchError(
                f"The class folder {where / name} holds no image: add images, remove that folder, or name the folder "
                f"that holds the class folders with --data-root (layout: {ImageFolder.layout})"
            )
    if len(class_names) < 2:
        raise RsbenchError(f"{where} holds one class only ({class_names[0]}): a classifier needs at least two.")
    return pictures


def _with_fixed_split(where: Path, parts: list[str]) -> Source:
    """Return pictures and split of ``where/{train,val,test}/<class>``."""
    class_names = _folders(where / "train")
    if not class_names:
        raise RsbenchError(f"{where / 'train'} holds no class folder (layout: {ImageFolder.layout})")
    pictures: list[Picture] = []
    lists: dict[str, tuple[int, ...]] = {}
    for part in parts:
        unknown = sorted(set(_folders(where / part)) - set(class_names))
        if unknown:
            raise RsbenchError(
                f"{where / part / unknown[0]} is a class that {where / 'train'} does not have: "
                f"every part must hold the classes of train."
            )
        of_part = _scan(where / part, class_names) if part == "train" else scan_folder(where / part, class_names)
        lists[part] = tuple(range(len(pictures), len(pictures) + len(of_part)))
        pictures += [replace(picture, name=f"{part}/{picture.name}") for picture in of_part]
    return FolderSource(
        where=where,
        class_names=tuple(class_names),
        pictures=tuple(pictures),
        lists=lists,
        lists_note=f"the folders {', '.join(parts)}",
    )
