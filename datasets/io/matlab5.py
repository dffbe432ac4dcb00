"""MATLAB files of version 5 and 4: SciPy reads their arrays, once their headers were looked at."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.io.matlab5_heads import check_nested, heads
from rsbench.datasets.io.matlab_file import MAX_BYTES, Axes, Contents, MatFile, Shape, native, row_blocks, shown
from rsbench.datasets.io.plain_file import open_plain


class Version5(MatFile):
    """A file that SciPy reads; its elements are compressed one by one, so that headers are read fast."""

    def contents(self) -> Contents:
        """Return what the headers say."""
        from scipy.io import whosmat  # late: start-up

        with open_plain(self.path, MAX_BYTES) as file:
            if _is_version4(file):
                found = {name: (tuple(shape), 8, _kind4(kind)) for name, shape, kind in whosmat(file)}
            else:
                found = {head.name: (head.shape, head.item_bytes, head.kind) for head in heads(file)}
        for name, (shape, item_bytes, _) in found.items():
            self.refuse_size(name, shape, item_bytes)
        empty = {name: "empty" if 0 in shape and kind is None else kind for name, (shape, _, kind) in found.items()}
        return Contents(
            shapes={name: found[name][0] for name in sorted(found) if empty[name] is None},
            others={name: kind for name, kind in sorted(empty.items()) if kind is not None},
        )

    def shape(self, name: str) -> Shape | None:
        """Return it; a path through structs reads the whole variable."""
        if "." not in name:
            return self.contents().shapes.get(name)
        array = self._array(name)
        return None if array is None else array.shape

    def _array(self, name: str) -> NDArray[Any] | None:
        from scipy.io import loadmat  # late: start-up

        variable, *fields = name.split(".")
        with open_plain(self.path, MAX_BYTES) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of two variables with one name, and of what cannot be read
            if not _is_version4(file):
                for head in heads(file):
                    if head.name == variable and head.kind is not None:
                        check_nested(file, head)
            file.seek(0)
            value = loadmat(file, variable_names=[variable]).get(variable)
        for field in fields:
            value = _first(value)
            if value is None or field not in (value.dtype.names or ()):
                return None
            value = value[field].flat[0]
        value = _first(value)
        return value if value is not None and value.dtype.kind in "iufb" else None

    def rows(self, name: str, shape: Shape, axes: Axes) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows of an array that is held whole."""
        array = self._array(name)
        if array is None or array.shape != shape:
            raise ValueError(f'the array "{shown(name)}" is damaged')
        turned = array.transpose(axes)
        for start, stop in row_blocks(turned.shape, array.itemsize):
            yield native(turned[start:stop])


def _is_version4(file: BinaryIO) -> bool:
    """Tell whether a file is of version 4, and go back to its start."""
    from scipy.io.matlab import matfile_version  # late: start-up

    major, _ = matfile_version(file)
    file.seek(0)
    return bool(major == 0)


def _first(value: Any) -> NDArray[Any] | None:
    """Return the first element of a cell, or what is no cell; None where there is no array."""
    while isinstance(value, np.ndarray) and value.dtype == object and value.size:
        value = value.flat[0]
    return value if isinstance(value, np.ndarray) and value.size else None


def _kind4(kind: str) -> str | None:
    """Return the kind of a variable of version 4, None for numbers."""
    return kind if kind in ("char", "sparse") else None
