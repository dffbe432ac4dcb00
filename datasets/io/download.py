"""Get one file: resume what was begun, compare it with the published digest, remember what arrived."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from rsbench.atomic import write_atomically
from rsbench.datasets.base import Download
from rsbench.errors import RsbenchError

FetchProgress = Callable[[str, int, int], None]
"""Called with (file name, bytes done, bytes in all); the latter is 0 while the server does not say."""

TRIES = 5
TIMEOUT_S = 60.0
PAUSE_S = 1.0
"""Wait before the second try; doubled for each one after it."""
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FetchedFile:
    """One file that stands on disk now."""

    path: Path
    size_bytes: int
    sha256: str
    md5_published: bool
    """Whether its source publishes an MD5, with which the file agrees."""
    downloaded: bool
    """False if it stood there already."""


class _Interrupted(Exception):
    """The connection broke; what arrived so far is kept."""


_BROKEN_CONNECTION = (
    _Interrupted,
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    TimeoutError,
    ConnectionError,
)


def download(item: Download, data_root: Path, progress: FetchProgress | None) -> FetchedFile:
    """Put one file of a data set below ``data_root``, unless a good copy stands there.

    Args:
        item: address, place and published digest.
        data_root: folder of all data sets.
        progress: called as bytes arrive.

    Raises:
        RsbenchError: no connection, a file that the server does not have, a digest that differs, a full disk.
    """
    path = data_root / item.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            if path.is_file():
                return _accepted(item, path, path, downloaded=False)
            partial = path.with_name(path.name + ".part")
            _with_patience(item, partial, progress)
            fetched = _accepted(item, partial, path, downloaded=True)
            os.replace(partial, path)
            _state_file(partial).unlink(missing_ok=True)
            return fetched
    except OSError as error:
        raise RsbenchError(
            f"{path} cannot be written ({error.strerror or error}): free space there or choose another --data-root."
        ) from error


def _accepted(item: Download, path: Path, final: Path, *, downloaded: bool) -> FetchedFile:
    """Compare a whole file with the published MD5 and with the SHA-256 of an earlier download; store the latter.

    Raises:
        RsbenchError: if one of them differs. What was downloaded is removed; a file that stood there is left alone.
    """
    md5, sha256 = _digests(path)
    store = final.with_name(final.name + ".sha256")
    earlier = store.read_text(encoding="utf-8").split()[0] if store.is_file() and store.stat().st_size else None
    problem = ""
    if item.md5 is not None and md5 != item.md5:
        problem = f"has MD5 {md5}, its source publishes {item.md5}"
    elif earlier is not None and sha256 != earlier:
        problem = f"has SHA-256 {sha256}, an earlier download had {earlier} (kept in {store})"
    if problem and downloaded:
        path.unlink()
        raise RsbenchError(
            f"What {item.url} sent {problem}: it was removed; try again, and if it comes back, "
            f"the file was changed at its source."
        )
    if problem:
        raise RsbenchError(f"{path} {problem}: delete it and fetch again, or put the official file there.")
    write_atomically(store, f"{sha256}  {final.name}\n")
    return FetchedFile(
        path=final,
        size_bytes=path.stat().st_size,
        sha256=sha256,
        md5_published=item.md5 is not None,
        downloaded=downloaded,
    )


def _digests(path: Path) -> tuple[str, str]:
    """Return MD5 (what sources publish; no security meant) and SHA-256 of a file."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            md5.update(chunk)
            sha256.update(chunk)
    return md5.hexdigest(), sha256.hexdigest()


def _with_patience(item: Download, partial: Path, progress: FetchProgress | None) -> None:
    """Download into ``partial``, going on after broken connections.

    Raises:
        RsbenchError: when the tries are used up or the server refuses.
    """
    for attempt in range(1, TRIES + 1):
        try:
            _continue(item, partial, progress)
            return
        except urllib.error.HTTPError as error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                partial.unlink(missing_ok=True)  # longer than the file is now: start again
            elif error.code < 500 and error.code != http.client.TOO_MANY_REQUESTS:
                raise RsbenchError(
                    f"{item.url} answers {error.code} ({error.reason}): the address may have moved; "
                    f"download it with a browser and put it at {partial.with_suffix('')}."
                ) from error
            reason = f"{error.code} {error.reason}"
        except _BROKEN_CONNECTION as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        if attempt < TRIES:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
    size = partial.stat().st_size if partial.exists() else 0
    raise RsbenchError(
        f"{item.url} could not be downloaded in {TRIES} tries ({reason}); {size:,} bytes are kept: check the network "
        f"(a proxy goes into HTTPS_PROXY) and run the same command again to go on, or download it with a browser and "
        f"put it at {partial.with_suffix('')}."
    )


def _continue(item: Download, partial: Path, progress: FetchProgress | None) -> None:
    """Ask for the bytes that are missing and append them.

    The server's ETag (or date) is kept beside the part and sent as If-Range, so that two versions are never glued.
    """
    known = _read_state(partial)
    start = partial.stat().st_size if partial.exists() and known.get("url") == item.url else 0
    if start and start == known.get("total_bytes"):
        return
    headers = {"User-Agent": "rsbench", "Accept-Encoding": "identity"}
    if start and known.get("validator"):
        headers |= {"Range": f"bytes={start}-", "If-Range": known["validator"]}
    with urllib.request.urlopen(urllib.request.Request(item.url, headers=headers), timeout=TIMEOUT_S) as answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            start = 0
        length = answer.headers.get("Content-Length")
        total_bytes = start + int(length) if length else 0
        etag = answer.headers.get("ETag")
        strong = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")
        state = {"url": item.url, "validator": strong, "total_bytes": total_bytes}
        _state_file(partial).write_text(json.dumps(state), encoding="utf-8")
        done_bytes = start
        with partial.open("r+b" if start else "wb") as file:
            file.seek(start)
            while chunk := answer.read(_CHUNK_BYTES):
                file.write(chunk)
                done_bytes += len(chunk)
                if progress is not None:
                    progress(Path(item.file).name, done_bytes, total_bytes)
    if total_bytes and done_bytes < total_bytes:
        raise _Interrupted(f"the connection ended after {done_bytes:,} of {total_bytes:,} bytes")


def _state_file(partial: Path) -> Path:
    """Return where it is kept what is known of a part: its address, length and version."""
    return partial.with_name(partial.name + ".json")


def _read_state(partial: Path) -> dict[str, Any]:
    """Return what is known of a part, empty if nothing can be read."""
    try:
        state: dict[str, Any] = json.loads(_state_file(partial).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state
