"""MATLAB files of version 7.3, which are HDF5 with the axes reversed.

HDF5 can also say that values stand in other files: by links, by external storage, by virtual data sets. MATLAB writes
none of these, and a file from somebody else could so have any file of this machine read: all are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsbench.datasets.io.matlab_file import MAX_BYTES, Axes, Contents, MatFile, Shape, native, row_blocks, shown
from rsbench.datasets.io.plain_file import require_plain
from rsbench.errors import RsbenchError


class Version73(MatFile):
    """A file that h5py reads."""

    def contents(self) -> Contents:
        """Return what stands at the top of the file."""
        with self._opened() as file:
            nodes = {name: self._member(file, name) for name in file if not name.startswith("#")}
            kinds = {name: _kind(node) for name, node in nodes.items()}
            shapes = {name: self._shape(name, node) for name, node in nodes.items() if kinds[name] is None}
        return Contents(shapes=shapes, others={name: kind for name, kind in kinds.items() if kind is not None})

    def shape(self, name: str) -> Shape | None:
        """Return it, from the header alone."""
        with self._opened() as file:
            node = self._node(file, name)
            return None if node is None or _kind(node) is not None else self._shape(name, node)

    def rows(self, name: str, shape: Shape, axes: Axes) -> Iterator[NDArray[Any]]:
        """Yield blocks of rows, holding one."""
        with self._opened() as file:
            node = self._node(file, name)
            if node is None or _kind(node) is not None or self._shape(name, node) != shape:
                raise ValueError(f'the array "{shown(name)}" is damaged')
            last = node.ndim - 1
            turned = tuple(shape[axis] for axis in axes)
            for start, stop in row_blocks(turned, node.dtype.itemsize):
                chosen = tuple(slice(start, stop) if last - i == axes[0] else slice(None) for i in range(node.ndim))
                yield native(node[chosen].transpose().transpose(axes))

    def _opened(self) -> Any:
        import h5py  # late: start-up

        require_plain(self.path, MAX_BYTES)
        return h5py.File(self.path, "r")

    def _shape(self, name: str, node: Any) -> Shape:
        """Return the shape of an array that is stored in the file itself."""
        shape: Shape = tuple(node.shape[::-1])
        self.refuse_size(name, shape, node.dtype.itemsize, node.id.get_storage_size())
        return shape

    def _member(self, group: Any, name: str) -> Any:
        """Return a member of a group without leaving the file.

        Raises:
            RsbenchError: it is a link, or its values stand in other files.
        """
        import h5py  # late: start-up

        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise self._foreign(name, "a link to another place")
        return self._own(name, group[name])

    def _own(self, name: str, node: Any) -> Any:
        """Return a node whose values stand in this file.

        Raises:
            RsbenchError: they stand in other files.
        """
        if getattr(node, "is_virtual", False):
            raise self._foreign(name, "an array put together from other files")
        if getattr(node, "external", None):
            raise self._foreign(name, "an array whose values stand in another file")
        return node

    def _foreign(self, name: str, what: str) -> RsbenchError:
        return RsbenchError(
            f'{self.path} holds "{shown(name)}", {what}, which is not opened: save the values in the file itself.'
        )

    def _node(self, file: Any, name: str) -> Any:
        """Return what a path leads to, through structs and the first elements of cells; None if there is nothing."""
        node = file
        for field in name.split("."):
            if not hasattr(node, "get") or field not in node:
                return None
            node = self._member(node, field)
            for _ in range(_MOST_CELLS):
                if _kind(node) != "cell" or not node.size:
                    break
                node = self._own(name, file[node[()].flat[0]])
        return node


_MOST_CELLS = 32
"""Cells in cells that are followed: a cell may hold a reference to itself."""


def _kind(node: Any) -> str | None:
    """Return the kind of a node, a key of ``NOT_READ``; None for an array of real numbers."""
    if not hasattr(node, "dtype"):
        return "sparse" if "MATLAB_sparse" in node.attrs else "struct"
    if node.shape is None or "MATLAB_empty" in node.attrs or 0 in node.shape:
        return "empty"
    if node.attrs.get("MATLAB_class") == b"char":
        return "char"
    return _kind_of_values(node.dtype) or (None if node.ndim > 1 else "vector")


def _kind_of_values(dtype: np.dtype[Any]) -> str | None:
    """Return the kind of an array with such values; None for real numbers."""
    if dtype.names:
        return "complex" if set(dtype.names) == {"real", "imag"} else "object"
    if dtype.kind in "iufb":
        return "wide" if dtype.itemsize > 8 else None
    import h5py  # late: start-up

    if h5py.check_ref_dtype(dtype) is h5py.Reference:  # texts are objects too
        return "cell"
    return "complex" if dtype.kind == "c" else "char"
