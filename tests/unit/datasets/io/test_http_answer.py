"""Servers that lie, dribble and never end: one sentence each, nothing glued, no full disk."""

from __future__ import annotations

import itertools
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dataset_files import md5

from rsbench.datasets import Download
from rsbench.datasets.io import download, http_answer
from rsbench.errors import RsbenchError

CERTIFICATE = Path(__file__).parents[3] / "support" / "loopback.pem"
"""Of 127.0.0.1, signed by itself, with its key; for tests alone."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    monkeypatch.setattr(download, "TRIES", 2)


@pytest.fixture
def tls_server() -> Iterator[str]:
    """A server that answers over TLS; it returns the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Plain) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Plain(BaseHTTPRequestHandler):
    """Answers every request with the same file."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"over TLS")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _get(address: str, root: Path, **changes) -> bytes:
    item = Download(url=f"{address}/file.bin", file="file.bin", **changes)
    return download.download(item, root, None).path.read_bytes()


@pytest.mark.parametrize(
    "lie", ["bytes 0-9/10240", "bytes 3999-10239/10240", "bytes 4000-10239/99999", "bytes */10240", "nonsense", ""]
)
def test_a_piece_that_begins_elsewhere_is_never_glued(lie: str, server, tmp_path: Path) -> None:
    body = bytes(range(256)) * 40
    server.files["/file.bin"], server.cut_after_bytes, server.content_ranges = body, 4000, [lie]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "TRIES", 3)
        assert _get(server.address, tmp_path) == body
    assert server.ranges == [None, "bytes=4000-", None], "after the lie it begins anew"


def test_a_piece_that_nobody_asked_for_is_refused(raw_server, tmp_path: Path) -> None:
    address = raw_server([b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/2\r\nContent-Length: 2\r\n\r\nxx"])
    with pytest.raises(RsbenchError, match="the server sent another piece"):
        _get(address, tmp_path)


HEAD = b"HTTP/1.1 200 OK\r\n"


class Dribble:
    """Bytes one by one, for ever, each time that somebody asks."""

    def __init__(self, start: bytes, *again: bytes) -> None:
        self.start, self.again = start, again

    def __iter__(self) -> Iterator[bytes]:
        yield self.start
        for piece in itertools.cycle(self.again):
            time.sleep(0.01)
            yield piece


SLOW = {
    "body": Dribble(HEAD + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "body of unknown length": Dribble(HEAD + b"\r\n", b"x"),
    "status": Dribble(b"HTTP/1.1 200 ", b"O"),
    "head": Dribble(HEAD, b"X", b"-", b"A", b":", b"b", b"\r\n"),
    "please wait": Dribble(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "length of a chunk": Dribble(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "chunks": Dribble(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "trailers": Dribble(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize("where", SLOW)
def test_a_server_that_dribbles_is_left(where: str, raw_server, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(http_answer, "RATE_WINDOW_S", 0.1)
    monkeypatch.setattr(http_answer, "LEAST_BYTES_PER_S", 1_000_000)
    with pytest.raises(RsbenchError, match=r"in 2 tries \(fewer than 1,000,000 bytes a second came for 0\.1 s\)"):
        _get(raw_server(SLOW[where]), tmp_path)
    assert not (tmp_path / "file.bin").exists()


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + bytes(65536) + b"\r\n"),
        (b"\r\n", bytes(65536)),
        (b"Content-Length: 999999999999\r\n\r\n", bytes(65536)),
    ],
)
def test_a_body_without_end_is_cut_off(head: bytes, piece: bytes, raw_server, tmp_path: Path) -> None:
    address = raw_server(itertools.chain([HEAD + head], itertools.repeat(piece)))
    with pytest.raises(RsbenchError, match="sends more than 1,000,000 bytes, the most that this file may have"):
        _get(address, tmp_path, max_bytes=1_000_000)
    assert not list(tmp_path.glob("*.part"))


def test_split_lists_may_be_small_only() -> None:
    (item,) = Download.lists("http://a/{part}", "{part}.txt", train="0" * 32)
    assert item.max_bytes == 16 * 2**20


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "\xb2", "12, 13", "9" * 400])
def test_a_length_that_is_no_number_is_one_sentence(length: str, raw_server, tmp_path: Path) -> None:
    address = raw_server([HEAD + b"Content-Length: " + length.encode("latin-1") + b"\r\n\r\nbody"])
    with pytest.raises(RsbenchError, match="answers with a Content-Length that is no number of bytes"):
        _get(address, tmp_path)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", "answers with status 204, not with the file itself"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", "answers with the encoding 'gzip'"),
        (HEAD + b"Content-Length: 0\r\n\r\n", r"in 2 tries \(the server sent nothing\)"),
        (b"nonsense\r\n\r\n", "in 2 tries"),
        (
            b"HTTP/1.1 404 " + b"very " * 1000 + b"sorry\r\nContent-Length: 0\r\n\r\n",
            r"answers 404 \((very ){39}very\): the address",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[bad/\r\nContent-Length: 0\r\n\r\n", "in 2 tries"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "answers 302"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n",
            "answers 302 .it leads to ftp://127.0.0.1/x.: the address",
        ),
    ],
)
def test_answers_that_are_no_file(answer: bytes, words: str, raw_server, tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match=words):
        _get(raw_server([answer]), tmp_path)


def test_chunks_are_put_together(raw_server, tmp_path: Path) -> None:
    address = raw_server([HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"])
    assert _get(address, tmp_path, md5=md5(b"abcde")) == b"abcde"


def test_more_than_was_promised_is_not_taken(raw_server, tmp_path: Path) -> None:
    assert _get(raw_server([HEAD + b"Content-Length: 4\r\n\r\nfourmore"]), tmp_path) == b"four"


def test_a_file_that_does_not_fit_is_refused_at_once(raw_server, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(RsbenchError, match="has 5,000 bytes, and 1,000 are free"):
        _get(raw_server([HEAD + b"Content-Length: 5000\r\n\r\n"]), tmp_path)


def test_a_page_without_end_beside_a_redirect_is_not_read(raw_server, tmp_path: Path) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /file.bin\r\n\r\n"
    with pytest.raises(RsbenchError, match=r"answers 302 .*infinite loop"):
        _get(raw_server(Dribble(head, bytes(65536))), tmp_path)


def test_files_come_over_tls(tls_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RsbenchError, match="CERTIFICATE_VERIFY_FAILED"):
        _get(tls_server, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    assert _get(tls_server, tmp_path) == b"over TLS"


def test_a_server_that_knows_no_tls_is_one_sentence(raw_server, tmp_path: Path) -> None:
    address = raw_server([b"HTTP/1.1 400 Bad Request\r\n\r\n"]).replace("http:", "https:")
    with pytest.raises(RsbenchError, match=r"in 2 tries \(\[SSL"):
        _get(address, tmp_path)
