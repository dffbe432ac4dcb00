"""Your own scene: a hyperspectral cube, one other modality and labels in MATLAB files of any names."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from rsbench.datasets.base import not_found
from rsbench.datasets.io.matlab import MatArray, arrays, axes_to_HW, shape_text
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.label_maps import is_index_list
from rsbench.datasets.pixels.source import PixelSource
from rsbench.errors import RsbenchError

_PARTS = {"train": ("train", "trlabel", "tr"), "test": ("test", "tslabel", "telabel", "ts", "te")}
_TRUTH = ("gt", "label", "ground", "truth", "mask")


class MultimodalMat(PixelDataset):
    """A folder of MATLAB files; what is what is found by shape, and for the official parts by name."""

    name = "multimodal-mat"
    title = "MATLAB scene"
    licence = "that of your scene"
    citation = "your own scene"
    layout = (
        "DATA_ROOT/multimodal-mat/*.mat (or DATA_ROOT/*.mat) with one hyperspectral cube H x W x bands, one other "
        "modality H x W or H x W x channels, and a label map H x W of whole numbers, 0 = unlabelled; a training and a "
        "test map, or lists of rows and columns, named train (or TRLabel) and test (or TSLabel); classes.csv with "
        "one name a line, if wished."
    )
    aux_name = "other modality"
    folders = ("multimodal-mat", ".")
    layouts = ()

    def locate(self, data_root: Path) -> PixelSource:
        """Find the arrays by their shapes."""
        places = [data_root / folder for folder in self.folders]
        for place in filter(Path.is_dir, places):
            files = sorted(path for path in place.iterdir() if path.suffix.lower() == ".mat")
            if files:
                return _recognised(place, files)
        raise not_found(self, data_root, places)


def _recognised(where: Path, files: list[Path]) -> PixelSource:
    """Tell the arrays of some files apart.

    Raises:
        RsbenchError: something is missing or stands there twice; it names what the folder holds.
    """
    held = [
        MatArray(file=path, name=name, shape=shape)
        for path in files
        for name, shape in arrays(path).items()
        if len(shape) in (2, 3) and math.prod(shape) > 8
    ]
    flat = [array for array in held if len(array.shape) == 2 and (is_index_list(array.shape) or _is_label_map(array))]
    lists = {part: array for part, words in _PARTS.items() if (array := _named(flat, words))}
    if len(lists) == 1:
        raise _undecided(f"a list of {next(iter(lists))} pixels, but not the other", where, held)
    maps = [array for array in flat if array not in lists.values() and not is_index_list(array.shape)]
    if len(maps) > 1:
        maps = [array for array in maps if _named([array], _TRUTH)]
    scene = next((array.shape for array in (*maps, *lists.values()) if not is_index_list(array.shape)), None)
    if len(maps) > 1 or scene is None:
        raise _undecided("no label map that is clearly one", where, held)
    used = [*maps, *lists.values()]
    rest = [array for array in held if array not in used and axes_to_HW(array.shape, *scene) is not None]
    cubes = sorted((array for array in rest if len(array.shape) == 3), key=lambda array: math.prod(array.shape))
    if not cubes or len(rest) != 2:
        raise _undecided(
            f"{len(rest)} modalities of {shape_text(scene)} pixels, where a cube and one other are wanted", where, held
        )
    hsi = cubes[-1]
    return PixelSource(
        where=where,
        class_names=_class_names(where),
        height=scene[0],
        width=scene[1],
        hsi=hsi,
        aux=next(array for array in rest if array is not hsi),
        labels=maps[0] if maps else None,
        lists=lists,
    )


def _named(held: list[MatArray], words: tuple[str, ...]) -> MatArray | None:
    """Return the first array called like that.

    Its name, the last word of its name or its file must be one of the words, or begin with one of over 3 letters.
    """
    long = tuple(word for word in words if len(word) > 3)
    for array in held:
        names = (array.name.lower(), array.name.lower().rpartition("_")[2], array.file.stem.lower())
        if any(name in words or name.startswith(long) for name in names):
            return array
    return None


def _is_label_map(array: MatArray) -> bool:
    """Tell whether it holds few whole numbers from -1 or 0 upwards."""
    values = np.unique(array.read())
    whole = np.array_equal(values, np.floor(values))
    return whole and len(values) <= 256 and values[0] >= -1 and values[-1] <= 1000


def _class_names(where: Path) -> tuple[str, ...] | None:
    """Return the names in ``classes.csv``: the second column, or the only one, without a heading."""
    path = where / "classes.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    if rows and rows[0][0].strip().lower() in ("label", "class", "name", "id"):
        rows = rows[1:]
    return tuple(row[1 if len(row) > 1 else 0].strip() for row in rows)


def _undecided(what: str, where: Path, held: list[MatArray]) -> RsbenchError:
    """Return the error that says what is wrong, what the folder holds and how it must stand."""
    there = ", ".join(f"{array.file.name}: {array.name} ({shape_text(array.shape)})" for array in held) or "no array"
    return RsbenchError(f"{where} holds {what} ({there}): it must stand like this: {MultimodalMat.layout}")
