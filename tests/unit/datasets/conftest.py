"""Small fakes of data sets in their real layouts."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def image_bytes(seed: int, size: tuple[int, int] = (20, 20), suffix: str = ".jpg") -> bytes:
    """Return a small picture file; another seed gives other pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, {".jpg": "JPEG", ".tif": "TIFF", ".png": "PNG"}[suffix])
    return file.getvalue()


Write = Callable[..., Path]


@pytest.fixture
def write_images(tmp_path: Path) -> Write:
    """Return a function that writes ``pattern.format(c=class, i=number)`` for each class and number below a root."""

    def write(pattern: str, classes: tuple[str, ...], count: int, root: Path = tmp_path) -> Path:
        for c, class_name in enumerate(classes):
            for i in range(count):
                path = root / pattern.format(c=class_name, i=i)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(image_bytes(1000 * c + i, suffix=path.suffix))
        return root

    return write


@pytest.fixture
def zip_folder() -> Callable[[Path, Path, str], None]:
    """Return a function that packs a folder into a zip, under a prefix."""

    def pack(folder: Path, archive: Path, prefix: str) -> None:
        archive.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive, "w") as opened:
            for path in sorted(folder.rglob("*")):
                opened.write(path, f"{prefix}/{path.relative_to(folder)}")

    return pack


@pytest.fixture
def real_data() -> Path:
    """Return the folder of real images, or skip."""
    root = Path(os.environ.get("RSBENCH_TEST_DATA", Path(__file__).parents[3] / ".." / "shared" / "data"))
    if not root.is_dir():
        pytest.skip(f"no real images at {root.resolve()}; RSBENCH_TEST_DATA names another folder")
    return root


@dataclass
class FileServer:
    """What the local server sends, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after_bytes: int | None = None
    """Break the next connection after that many bytes of the body."""
    etag: str = '"v1"'
    content_ranges: list[str] = field(default_factory=list)
    """What the next answers with a piece say of their place, instead of the truth."""
    fail_with: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def server() -> Iterator[FileServer]:
    """Serve files on loopback, with Range, If-Range and ETag."""
    state = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            body = state.files.get(self.path)
            if state.fail_with or body is None:
                self.send_error(state.fail_with.pop(0) if state.fail_with else 404)
                return
            start = 0
            if wanted and self.headers.get("If-Range") in (None, state.etag):
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(body):
                    self.send_error(416)
                    return
            self.send_response(206 if start else 200)
            if start:
                piece = f"bytes {start}-{len(body) - 1}/{len(body)}"
                self.send_header("Content-Range", state.content_ranges.pop() if state.content_ranges else piece)
            self.send_header("ETag", state.etag)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            part = body[start:]
            if state.cut_after_bytes is not None:
                part, state.cut_after_bytes = part[: state.cut_after_bytes], None
            self.wfile.write(part)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def raw_server() -> Iterator[Callable[[Iterable[bytes]], str]]:
    """Return a function that serves these bytes, piece by piece, to everybody who connects; it returns the address."""
    over, listening = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def serve(pieces: Iterable[bytes]) -> None:
        while not over.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                for piece in pieces:
                    if over.is_set():
                        return
                    connection.sendall(piece)

    threads: list[threading.Thread] = []

    def start(pieces: Iterable[bytes]) -> str:
        threads.append(threading.Thread(target=serve, args=(pieces,), daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    over.set()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    for thread in threads:
        thread.join(5)
