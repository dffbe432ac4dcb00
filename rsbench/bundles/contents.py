"""What of a cell's folder goes into a bundle: records, jobs, samples, logs, errors and pictures, without names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rsbench.bundles.names import MachineNames
from rsbench.results.folder import CellFolder
from rsbench.results.records import write_record
from rsbench.results.schema import Record

_LARGEST_JSON_BYTES: Final = 64 << 20
_LARGEST_PICTURE_BYTES: Final = 64 << 20
_KINDS: Final = {
    "weights": "weights",
    "checkpoints": "checkpoints",
    "tensorboard": "TensorBoard event files",
    "trace": "traces",
}
"""How a left-out file's name begins -> what is said of it."""


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object of a cell's folder, empty where there is none that can be read."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_JSON_BYTES:
            return {}
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class CellContents:
    """Copies what a bundle holds of one cell.

    Args:
        source: the cell's folder.
        record: of the cell.
        names: what is replaced.
    """

    def __init__(self, source: Path, record: Record, names: MachineNames) -> None:
        self._source, self._record, self._names = CellFolder(source), record, names

    def copy_to(self, folder: Path) -> Counter[str]:
        """Write the files; return how many files of which kind were left out.

        Args:
            folder: of the cell in the bundle, made here.
        """
        target = CellFolder(folder)
        write_record(folder, self._names.in_value(self._record))
        taken = {self._source.record.name}
        for path in (self._source.job, *self._source.errors()):
            value = read_json(path)
            if value:
                text = json.dumps(self._names.in_value(value, everywhere=path != self._source.job), indent=1)
                _write(folder / path.name, text + "\n")
                taken.add(path.name)
        if _is_plain(self._source.samples):
            _write_lines(target.samples, self._samples())
            taken.add(target.samples.name)
        for path in filter(_is_plain, self._source.logs()):
            _write_lines(folder / path.name, map(self._names.in_text, _lines(path)))
            taken.add(path.name)
        for name in self._pictures():
            (folder / name).write_bytes((self._source.path / name).read_bytes())
            taken.add(name)
        return self._left(taken)

    def _samples(self) -> Iterator[str]:
        """Yield the lines of samples; what is no JSON, such as a last line that was cut short, is left out."""
        for line in _lines(self._source.samples):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            yield json.dumps(self._names.in_value(value)) + "\n"

    def _pictures(self) -> list[str]:
        """Return the pictures of the record that are plain files of this folder and hold no name."""
        listed = [picture.get("file") for picture in (self._record.get("accuracy") or {}).get("pictures") or []]
        plain = [name for name in listed if isinstance(name, str) and Path(name).name == name]
        return [name for name in dict.fromkeys(plain) if self._is_clean_picture(self._source.path / name)]

    def _is_clean_picture(self, path: Path) -> bool:
        if path.suffix != ".png" or not _is_plain(path) or path.stat().st_size > _LARGEST_PICTURE_BYTES:
            return False
        return not self._names.has_name(path.read_bytes())

    def _left(self, taken: set[str]) -> Counter[str]:
        """Return how many things of which kind stay behind; what only processes need is not counted."""
        names = [path.name for path in self._source.path.iterdir() if path.name not in taken]
        kinds = (
            next((words for start, words in _KINDS.items() if name.startswith(start)), "other files")
            for name in names
            if not name.startswith((".", "try-", "arriving"))
        )
        return Counter(kinds)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="backslashreplace") as stream:
        yield from stream


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def _write_lines(path: Path, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.writelines(lines)
