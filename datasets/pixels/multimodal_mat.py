"""Your own scene: a hyperspectral cube, alone or with one other modality, and labels in MATLAB files of any names."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rsbench.datasets.base import not_found
from rsbench.datasets.io.matlab import Contents, MatArray, axes_to_HW, contents, held_text, mat_files, shape_text
from rsbench.datasets.io.plain_file import read_plain
from rsbench.datasets.pixels.dataset import PixelDataset
from rsbench.datasets.pixels.label_maps import is_index_list, is_whole, read_map
from rsbench.datasets.pixels.source import PixelSource
from rsbench.errors import RsbenchError
from rsbench.units import count_text

_MAX_NAMES_BYTES = 2**20
_PARTS = {"train": ("train", "trlabel", "tr"), "test": ("test", "tslabel", "telabel", "ts", "te")}
_TRUTH = ("gt", "label", "ground", "truth", "mask")


class MultimodalMat(PixelDataset):
    """A folder of MATLAB files; what is what is found by shape, and for the official parts by name."""

    name = "multimodal-mat"
    title = "MATLAB scene"
    licence = "that of your scene"
    published = False
    citation = "your own scene"
    layout = (
        "DATA_ROOT/multimodal-mat/*.mat (or DATA_ROOT/*.mat) with one hyperspectral cube H x W x bands, if wished one "
        "other modality H x W or H x W x channels, and a label map H x W of whole numbers, 0 = unlabelled; a training "
        "and a test map, or lists of rows and columns, named train (or TRLabel) and test (or TSLabel); classes.csv "
        "with one name a line, if wished."
    )
    aux_name = "other modality"
    folders = ("multimodal-mat", ".")
    layouts = ()

    def locate(self, data_root: Path) -> PixelSource:
        """Find the arrays by their shapes."""
        places = [data_root / folder for folder in self.folders]
        for place in filter(Path.is_dir, places):
            files = mat_files(place)
            if files:
                return _recognised(place, files)
        raise not_found(self, data_root, places)


def _recognised(where: Path, files: list[Path]) -> PixelSource:
    """Tell the arrays of some files apart.

    Raises:
        RsbenchError: something is missing or stands there twice; it names what the folder holds.
    """
    found = {path: contents(path) for path in files}
    held = [
        MatArray(file=path, name=name, shape=shape)
        for path, content in found.items()
        for name, shape in content.shapes.items()
        if len(shape) in (2, 3) and math.prod(shape) > 8
    ]
    flat = [array for array in held if len(array.shape) == 2 and (is_index_list(array.shape) or _is_label_map(array))]
    lists = {part: array for part, words in _PARTS.items() if (array := _named(flat, words))}
    maps = [array for array in flat if array not in lists.values() and not is_index_list(array.shape)]
    maps = [array for array in maps if _is_under_a_cube(array, held)] or maps
    if len(lists) == 1:
        ((part, only),) = lists.items()
        if maps or is_index_list(only.shape):
            raise _undecided(f"a list of {part} pixels, but not the other", where, found)
        maps, lists = [only], {}  # Trento's only map is called mask_test
    if len(maps) > 1:
        maps = [array for array in maps if _named([array], _TRUTH)]
    scene = next((array.shape for array in (*maps, *lists.values()) if not is_index_list(array.shape)), None)
    if len(maps) > 1 or scene is None:
        named = None if maps else _named([array for array in held if len(array.shape) == 2], _TRUTH)
        if named is not None:
            read_map(named, *named.shape)  # says why it is none
        raise _undecided("no label map that is clearly one", where, found)
    used = [*maps, *lists.values()]
    rest = [array for array in held if array not in used and axes_to_HW(array.shape, *scene) is not None]
    cubes = sorted((array for array in rest if len(array.shape) == 3), key=lambda array: math.prod(array.shape))
    if not cubes or len(rest) > 2:
        raise _undecided(
            f"{count_text(len(cubes), 'cube')} and {count_text(len(rest) - len(cubes), 'other array')} of "
            f"{shape_text(scene)} pixels, where one cube and at most one other modality are wanted",
            where,
            found,
        )
    hsi = cubes[-1]
    return PixelSource(
        where=where,
        class_names=_class_names(where),
        height=scene[0],
        width=scene[1],
        hsi=hsi,
        aux=next((array for array in rest if array is not hsi), None),
        labels=maps[0] if maps else None,
        lists=lists,
    )


def _is_under_a_cube(flat: MatArray, held: list[MatArray]) -> bool:
    """Tell whether an array has the height and width of a cube."""
    return any(len(array.shape) == 3 and axes_to_HW(array.shape, *flat.shape) is not None for array in held)


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
    """Tell whether it holds few whole numbers from -1 or 0 upwards, or NaN."""
    values = np.unique(array.read())
    values = values[~np.isnan(values)]
    return 0 < len(values) <= 256 and is_whole(values) and values[0] >= -1 and values[-1] <= 1000


def _class_names(where: Path) -> tuple[str, ...] | None:
    """Return the names in ``classes.csv``: the second column, or the only one, without a heading."""
    path = where / "classes.csv"
    if not path.exists():
        return None
    try:
        text = read_plain(path, _MAX_NAMES_BYTES).decode("utf-8-sig")
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RsbenchError(f"{path} cannot be read ({error}): it must hold one name a line, in UTF-8.") from error
    if rows and rows[0][0].strip().lower() in ("label", "class", "name", "id"):
        rows = rows[1:]
    return tuple(row[1 if len(row) > 1 else 0].strip() for row in rows)


def _undecided(what: str, where: Path, found: Mapping[Path, Contents]) -> RsbenchError:
    """Return the error that says what is wrong, what the folder holds and how it must stand."""
    words = {f"{path.name}: {name}": text for path, content in found.items() for name, text in content.words().items()}
    return RsbenchError(f"{where} holds {what} ({held_text(words)}): it must stand like this: {MultimodalMat.layout}")
