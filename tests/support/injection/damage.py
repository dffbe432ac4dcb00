"""Ways in which a file can be damaged, by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path


def cut_short(path: Path) -> None:
    """Lose the second half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path: Path) -> None:
    """Change one bit in the middle; an empty file gets a byte."""
    content = bytearray(path.read_bytes() or b"\0")
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def empty(path: Path) -> None:
    """Lose everything."""
    path.write_bytes(b"")


def replace_by_a_folder(path: Path) -> None:
    """Put a folder where the file was, with a file in it."""
    path.unlink()
    path.mkdir()
    (path / "file").touch()


WAYS: Mapping[str, Callable[[Path], None]] = {
    "cut short": cut_short,
    "bit flipped": flip_a_bit,
    "emptied": empty,
    "replaced by a folder": replace_by_a_folder,
    "deleted": Path.unlink,
}
