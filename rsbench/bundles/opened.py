"""Result folders and bundles, read alike."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rsbench.bundles.archive import unpack
from rsbench.results.folder import folder_error


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Results that can be read as folders, for as long as they are open.

    Attributes:
        given: the folders and bundles.
        folders: for each the folder to read: itself, or where the bundle is unpacked.
    """

    given: tuple[Path, ...]
    folders: tuple[Path, ...]

    @property
    def writable(self) -> Path | None:
        """The first folder where a report can be written; None if the first is a bundle."""
        return self.given[0] if self.given[0] == self.folders[0] else None

    def named(self, text: str) -> str:
        """Return a sentence that names bundles and not the folders where they are unpacked."""
        for given, folder in zip(self.given, self.folders, strict=True):
            text = text.replace(str(folder), str(given))
        return text


@contextmanager
def open_results(results: Iterable[Path]) -> Iterator[Opened]:
    """Open some result folders and bundles; what is unpacked is removed at the end.

    Args:
        results: each a folder, or a file that ``rsbench bundle`` wrote. Whether a folder exists is not looked at.

    Raises:
        RsbenchError: a file that is no bundle, or no room to unpack it.
    """
    given = tuple(results)
    with ExitStack() as stack:
        yield Opened(given=given, folders=tuple(_folder(path, stack) if path.is_file() else path for path in given))


def _folder(bundle: Path, stack: ExitStack) -> Path:
    """Return a temporary folder with a bundle's cells."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rsbench-bundle-")))
    try:
        unpack(bundle, folder)
    except OSError as problem:
        raise folder_error(problem, folder) from problem
    return folder
