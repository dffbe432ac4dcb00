"""Get one file: resume what was begun, compare it with the published digest, remember what arrived."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import time
import urllib.error
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from rsbench.atomic import write_atomically
from rsbench.datasets.base import Download
from rsbench.datasets.io import hugging_face
from rsbench.datasets.io.http_answer import Interrupted, WrongPiece, ask
from rsbench.datasets.io.part_state import PartState, read_state, state_file
from rsbench.datasets.io.plain_file import UnfitFile, create_plain, open_plain, read_plain, reopen_plain
from rsbench.errors import RsbenchError

FetchProgress = Callable[[str, int, int], None]
"""Called with (file name, bytes done, bytes in all); the latter is 0 while the server does not say."""

TRIES = 5
PAUSE_S = 1.0
"""Wait before the second try; doubled for each one after it."""
_CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 1 << 16
"""The most that is read of the files that stand beside a download."""


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
    failures: tuple[str, ...] = ()
    """Sentences on the addresses that were tried before the one that sent it."""


_BROKEN_CONNECTION = (
    Interrupted,
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    TimeoutError,
    ConnectionError,
    ValueError,  # an address that a redirect leads to
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
            fetched = _from_one_address(item, partial, path, progress)
            os.replace(partial, path)
            state_file(partial).unlink(missing_ok=True)
            return fetched
    except UnfitFile as error:
        raise RsbenchError(f"{path} cannot be used ({error}): remove it, or put the official file there.") from error
    except OSError as error:
        raise RsbenchError(
            f"{path} cannot be written ({error.strerror or error}): free space there or choose another --data-root."
        ) from error


def _from_one_address(item: Download, partial: Path, path: Path, progress: FetchProgress | None) -> FetchedFile:
    """Download a file from the first of its addresses that sends it as it was published.

    Raises:
        RsbenchError: none does; each is named with its reason.
    """
    failures: list[str] = []
    for url in (item.url, *item.mirrors):
        one = replace(item, url=hugging_face.address(url), mirrors=())
        try:
            _with_patience(one, partial, progress)
            return replace(_accepted(one, partial, path, downloaded=True), failures=tuple(failures))
        except RsbenchError as error:
            failures.append(str(error))
    raise RsbenchError(" ".join(failures))


def _accepted(item: Download, path: Path, final: Path, *, downloaded: bool) -> FetchedFile:
    """Compare a whole file with the published MD5 and with the SHA-256 of an earlier download; store the latter.

    Raises:
        RsbenchError: if one of them differs. What was downloaded is removed; a file that stood there is left alone.
    """
    md5, sha256 = _digests(path, item.max_bytes)
    store = final.with_name(final.name + ".sha256")
    earlier = _earlier_sha256(store)
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


def _earlier_sha256(store: Path) -> str | None:
    """Return the SHA-256 that an earlier download had, None if there was none.

    Raises:
        RsbenchError: the file that keeps it is damaged.
    """
    if not os.path.lexists(store):
        return None
    try:
        words = read_plain(store, _SMALL_BYTES).decode("ascii").split()
    except (OSError, ValueError):
        words = []
    if not words or not re.fullmatch("[0-9a-f]{64}", words[0]):
        raise RsbenchError(
            f"{store} should hold the SHA-256 of an earlier download, but is damaged: delete it, then what stands "
            f"there or comes now is taken as it is."
        )
    return words[0]


def _digests(path: Path, max_bytes: int) -> tuple[str, str]:
    """Return MD5 (what sources publish; no security meant) and SHA-256 of a file."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with open_plain(path, max_bytes) as file:
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
                    f"{item.url} answers {error.code} ({_in_short(error.reason)}): {_cause(error.code, item.url)}; "
                    f"download it with a browser and put it at {partial.with_suffix('')}."
                ) from error
            reason = _in_short(f"{error.code} {error.reason}")
        except _BROKEN_CONNECTION as error:
            if isinstance(error, WrongPiece):
                partial.unlink(missing_ok=True)
            reason = _in_short(getattr(error, "reason", error)) or type(error).__name__
        if attempt < TRIES:
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
    size = _plain_size(partial)
    raise RsbenchError(
        f"{item.url} could not be downloaded in {TRIES} tries ({reason}); {size:,} bytes are kept: check the network "
        f"(a proxy goes into HTTPS_PROXY) and run the same command again to go on, or download it with a browser and "
        f"put it at {partial.with_suffix('')}."
    )


def _cause(code: int, url: str) -> str:
    """Return what a refusal most likely means."""
    if code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN) and hugging_face.is_hub(url):
        return "it wants to know who asks, so set HF_TOKEN to a token that may read it"
    return "the address may have moved"


def _in_short(reason: object) -> str:
    """Return a reason on one line; a server may have written it."""
    return " ".join(str(reason).split())[:200].strip()


def _continue(item: Download, partial: Path, progress: FetchProgress | None) -> None:
    """Ask for the bytes that are missing and append them.

    The server's ETag (or date) is kept beside the part and sent as If-Range, so that two versions are never glued.

    Raises:
        RsbenchError: more bytes come than the file may have.
    """
    known = read_state(partial)
    start = _plain_size(partial) if known.url == item.url else 0
    if start and start == known.total_bytes:
        return
    with ask(item.url, start, known.validator) as answer:
        if answer.start and known.total_bytes not in (0, answer.total_bytes):
            raise WrongPiece(f"the file had {known.total_bytes:,} bytes and has {answer.total_bytes:,} now")
        _require_room(item, answer.total_bytes, answer.start, partial)
        state = PartState(url=item.url, validator=answer.validator, total_bytes=answer.total_bytes)
        write_atomically(state_file(partial), json.dumps(asdict(state)))
        done_bytes = answer.start
        with reopen_plain(partial) if answer.start else create_plain(partial) as file:
            file.seek(answer.start)
            file.truncate()
            for chunk in answer.chunks():
                done_bytes += len(chunk)
                _require_room(item, done_bytes, done_bytes, partial)
                file.write(chunk)
                if progress is not None:
                    progress(Path(item.file).name, done_bytes, answer.total_bytes)
        if done_bytes < answer.total_bytes:
            raise Interrupted(f"the connection ended after {done_bytes:,} of {answer.total_bytes:,} bytes")
        if not done_bytes:
            raise Interrupted("the server sent nothing")


def _require_room(item: Download, size_bytes: int, held_bytes: int, partial: Path) -> None:
    """Refuse a file that is larger than it may be, or than what is free.

    Raises:
        RsbenchError: it is; what arrived is removed where the file itself is too large.
    """
    if size_bytes > item.max_bytes:
        partial.unlink(missing_ok=True)
        raise RsbenchError(
            f"{item.url} sends more than {item.max_bytes:,} bytes, the most that this file may have: nothing was kept; "
            f"the server or a proxy on the way sends something else, so download it with a browser."
        )
    free_bytes = shutil.disk_usage(partial.parent).free if size_bytes > held_bytes else size_bytes
    if size_bytes - held_bytes > free_bytes:
        raise RsbenchError(
            f"{item.url} has {size_bytes:,} bytes, and {free_bytes:,} are free at {partial.parent}: "
            f"free space there or choose another --data-root."
        )


def _plain_size(partial: Path) -> int:
    """Return how many bytes of a part are there; 0 where something else has its name, which is then replaced."""
    try:
        with reopen_plain(partial) as file:
            return file.seek(0, os.SEEK_END)
    except OSError:
        return 0
