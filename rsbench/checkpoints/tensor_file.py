"""One rank's tensors on disk: written with a checksum, read without trust."""

from __future__ import annotations

import hashlib
import os
import pickle
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import torch

from rsbench.checkpoints.shelf import DamagedCheckpointError

_CHUNK: Final = 1 << 20


class _Hashing:
    """A file that computes the checksum of what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest, self.size_bytes = file, hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        self.size_bytes += len(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()


def write_tensors(path: Path, state: Any) -> tuple[int, str]:
    """Write tensors, whole or not at all.

    Args:
        path: the file; its folder is made if it is missing.
        state: nested dicts and lists of tensors, numbers and texts.

    Returns:
        The file's bytes and its sha256.

    Raises:
        OSError: the folder is read-only or its disk full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as raw:
            file = _Hashing(raw)
            try:
                torch.save(state, file)  # type: ignore[arg-type]  # it writes and flushes only
            except RuntimeError as error:  # what torch makes of an OSError while it writes
                raise error.__context__ if isinstance(error.__context__, OSError) else OSError(str(error)) from error
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return file.size_bytes, file.digest.hexdigest()


def read_tensors(path: Path, *, size_bytes: int, sha256: str) -> Any:
    """Return what was written, tensors on the CPU; no code of the file is run.

    Raises:
        DamagedCheckpointError: the file is gone, or is not what was written.
    """
    try:
        if not path.is_file() or path.is_symlink():
            raise DamagedCheckpointError(f"{path} is missing")
        if path.stat().st_size != size_bytes:
            raise DamagedCheckpointError(f"{path} was cut short or added to")
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            if digest.hexdigest() != sha256:
                raise DamagedCheckpointError(f"{path} is not what was written (its checksum differs)")
            file.seek(0)
            return torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        raise DamagedCheckpointError(f"{path} cannot be read") from error
