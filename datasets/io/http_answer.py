"""One HTTP answer, trusted in nothing: its rate, its length and its place in the file are checked."""

from __future__ import annotations

import contextlib
import functools
import http.client
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rsbench.datasets.io import hugging_face
from rsbench.errors import RsbenchError

TIMEOUT_S = 60.0
"""Longest silence of a server."""
LEAST_BYTES_PER_S = 1024
RATE_WINDOW_S = 60.0
"""Over this time the least rate is taken, the wait for the answer included."""
_CHUNK_BYTES = 1 << 20
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)


class Interrupted(Exception):
    """The connection broke, or bytes come too slowly; what arrived so far is kept."""


class WrongPiece(Interrupted):
    """Another piece came than was asked for: what arrived so far may be of another file."""


class _Watch:
    """A thread that closes a connection over which bytes come slower than the least rate, whatever waits for them.

    Time limits of a socket are for one read: a head, a chunk's length or a trailer that dribbles never meets them.
    """

    def __init__(self) -> None:
        self.arrived_bytes = 0
        """Of the file, since the window began."""
        self.late = False
        self._connection: socket.socket | None = None
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def connected(self, connection: socket.socket) -> None:
        """Watch this connection from now on; a redirect leads to another one."""
        self.forget()
        self._connection = connection.dup()  # closes it for TLS too, which takes the socket itself over

    def forget(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def stop(self) -> None:
        """End the watch."""
        self._over.set()
        self.forget()

    def _look(self) -> None:
        while not self._over.wait(RATE_WINDOW_S):
            if self.arrived_bytes < LEAST_BYTES_PER_S * RATE_WINDOW_S:
                self.late = True
                if self._connection is not None:
                    with contextlib.suppress(OSError):
                        self._connection.shutdown(socket.SHUT_RDWR)
                return
            self.arrived_bytes = 0


@contextlib.contextmanager
def _watched() -> Iterator[_Watch]:
    """Watch over what happens inside.

    Raises:
        Interrupted: the connection was closed as too slow.
    """
    watch = _Watch()
    slow = f"fewer than {LEAST_BYTES_PER_S:,} bytes a second came for {RATE_WINDOW_S:g} s"
    try:
        yield watch
    except (OSError, http.client.HTTPException, ValueError, Interrupted) as error:
        if watch.late:
            raise Interrupted(slow) from error
        raise
    finally:
        watch.stop()
    if watch.late:
        raise Interrupted(slow)


class _Connection(http.client.HTTPConnection):
    """A connection that says when it stands."""

    watch: _Watch

    def connect(self) -> None:
        """Connect; with TLS this runs before its handshake."""
        super().connect()
        self.watch.connected(self.sock)


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """The same with TLS."""


class _Handler(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens watched connections."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an address without TLS."""
        return self.do_open(functools.partial(self._connection, _Connection), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an address with TLS."""
        return self.do_open(functools.partial(self._connection, _SecureConnection), req)

    def _connection(self, kind: type[_Connection], host: str, **options: Any) -> _Connection:
        connection = kind(host, **options)
        connection.watch = self._watch
        return connection


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the web, and reads nothing of the page that comes with them, which may never end."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        """Return the request that a redirect leads to.

        Raises:
            urllib.error.HTTPError: it leads out of the web, or its method may not be repeated.
        """
        fp.close()
        if not newurl.lower().startswith(("http://", "https://")):
            raise urllib.error.HTTPError(newurl, code, f"it leads to {newurl}", headers, fp)
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        return None if following is None else _with_authorization(following)


def _with_authorization(request: urllib.request.Request) -> urllib.request.Request:
    """Add who asks where the address is the Hub's; the header stays behind when a redirect leads elsewhere."""
    header = hugging_face.authorization(request.full_url)
    if header is not None:
        request.add_unredirected_header("Authorization", header)
    return request


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The head of an answer, and the way to its bytes."""

    response: http.client.HTTPResponse
    start: int
    """Position in the file of the first byte that comes."""
    total_bytes: int
    """Of the whole file; 0 while the server does not say."""
    validator: str | None
    """ETag or date, by which the server tells versions apart."""

    length: int | None
    """Bytes that this answer brings; None if it does not say."""
    watch: _Watch

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive, never more than were promised."""
        left = _CHUNK_BYTES if self.length is None else self.length
        while left and (chunk := self.response.read1(min(left, _CHUNK_BYTES))):
            self.watch.arrived_bytes += len(chunk)
            if self.length is not None:
                left -= len(chunk)
            yield chunk


@contextlib.contextmanager
def ask(url: str, start: int, validator: str | None) -> Iterator[Answer]:
    """Ask for a file from a position on.

    Args:
        url: its address.
        start: position of the first byte that is missing.
        validator: of the version that the bytes before it are of; without one, or if the server has another version
            now, the whole file comes.

    Raises:
        urllib.error.URLError: no connection, or the server refuses.
        Interrupted: another piece came than was asked for, or bytes come too slowly.
        RsbenchError: the answer is no file.
    """
    headers = {"User-Agent": "rsbench", "Accept-Encoding": "identity"}
    if start and validator:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    else:
        start = 0
    with _watched() as watch:
        opener = urllib.request.build_opener(_Handler(watch), _Redirects())
        request = _with_authorization(urllib.request.Request(url, headers=headers))
        with opener.open(request, timeout=TIMEOUT_S) as response:
            _require_file(response, url)
            length = _length(response, url)
            total_bytes = length or 0
            if response.status == http.client.PARTIAL_CONTENT:
                total_bytes = _whole(response, start, total_bytes)
            else:
                start = 0
            yield Answer(
                response=response,
                start=start,
                total_bytes=total_bytes,
                validator=_validator(response),
                length=length,
                watch=watch,
            )


def _require_file(response: http.client.HTTPResponse, url: str) -> None:
    """Refuse an answer without a file, or with one that is compressed on the way."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    what = f"status {response.status}" if encoding == "identity" else f"the encoding {encoding[:40]!r}"
    if response.status not in (http.client.OK, http.client.PARTIAL_CONTENT) or encoding != "identity":
        raise RsbenchError(f"{url} answers with {what}, not with the file itself: download it with a browser.")


def _length(response: http.client.HTTPResponse, url: str) -> int | None:
    """Return how many bytes the answer promises, None if it does not say.

    Raises:
        RsbenchError: what it says is no number.
    """
    lengths = sorted({text.strip() for text in response.headers.get_all("Content-Length", [])})
    if response.chunked or not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,18}", lengths[0]):
        raise RsbenchError(
            f"{url} answers with a Content-Length that is no number of bytes ({', '.join(lengths)[:40]!r}): the server "
            f"or a proxy on the way is broken; try again later, or download it with a browser."
        )
    return int(lengths[0])


def _whole(response: http.client.HTTPResponse, start: int, length: int) -> int:
    """Return the size of the whole file of which a piece comes.

    Raises:
        WrongPiece: it is another piece than the one that was asked for.
    """
    text = response.headers.get("Content-Range", "").strip()
    piece = _CONTENT_RANGE.fullmatch(text)
    if piece is None or not start or int(piece[1]) != start:
        raise WrongPiece(f"the server sent another piece ({text[:60]!r}) than the one from byte {start:,} on")
    return start + length if piece[3] == "*" else int(piece[3])


def _validator(response: http.client.HTTPResponse) -> str | None:
    """Return a strong ETag, else the date, None if neither can be sent back."""
    etag = response.headers.get("ETag")
    return usable_validator(etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified"))


def usable_validator(text: Any) -> str | None:
    """Return a validator that can stand in a header, None for any other."""
    return text if isinstance(text, str) and re.fullmatch(r"[\x21-\x7e][\x20-\x7e]{0,500}", text) else None
