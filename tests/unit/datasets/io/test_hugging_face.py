"""The Hub's variables: another server in its place, and a token that only that server sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rsbench.datasets import Download
from rsbench.datasets.io import download, hugging_face
from rsbench.errors import RsbenchError

TOKEN = "hf_SecretOfTheUser"
ON_HUB = "https://hf.co/datasets/a/b/resolve/c/file.bin"


@dataclass
class Hub:
    """A server that sends one file, or redirects, and notes who asked."""

    address: str = ""
    leads_to: dict[str, str] = field(default_factory=dict)
    """Path -> address of a redirect."""
    refuses: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """(path, header Authorization) of each request."""


@pytest.fixture
def hub() -> Iterator[Callable[[], Hub]]:
    """Return a function that starts one more server."""
    started: list[ThreadingHTTPServer] = []

    def start() -> Hub:
        state = Hub()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                state.asked.append((self.path, self.headers.get("Authorization")))
                if state.refuses:
                    self.send_error(401)
                    return
                place = state.leads_to.get(self.path)
                self.send_response(200 if place is None else 302)
                if place is not None:
                    self.send_header("Location", place)
                self.send_header("Content-Length", "4" if place is None else "0")
                self.end_headers()
                if place is None:
                    self.wfile.write(b"data")

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        state.address = f"http://127.0.0.1:{server.server_address[1]}"
        return state

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(download, "PAUSE_S", 0.0)


def test_the_endpoint_is_asked_in_place_of_the_hub_with_the_token(
    hub: Callable[[], Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = hub()
    monkeypatch.setenv("HF_ENDPOINT", f"{server.address}/mirror/")
    fetched = download.download(Download(url=ON_HUB, file="file.bin"), tmp_path, None)
    assert fetched.path.read_bytes() == b"data"
    assert server.asked == [("/mirror/datasets/a/b/resolve/c/file.bin", f"Bearer {TOKEN}")]


def test_the_token_does_not_follow_a_redirect_to_another_host(
    hub: Callable[[], Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, store = hub(), hub()
    server.leads_to = {"/datasets/a/b/resolve/c/file.bin": "/renamed", "/renamed": f"{store.address}/blob"}
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    download.download(Download(url=ON_HUB, file="file.bin"), tmp_path, None)
    assert [header for _, header in server.asked] == [f"Bearer {TOKEN}"] * 2
    assert store.asked == [("/blob", None)]


def test_other_servers_never_see_the_token(
    hub: Callable[[], Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, other = hub(), hub()
    monkeypatch.setenv("HF_ENDPOINT", endpoint.address)
    download.download(Download(url=f"{other.address}/file.bin", file="file.bin"), tmp_path, None)
    assert other.asked == [("/file.bin", None)] and endpoint.asked == []


@pytest.mark.parametrize(
    ("url", "is_sent"),
    [
        ("https://huggingface.co/x", True),
        ("https://hf.co/x", True),
        ("https://hf.co:443/x", True),
        ("http://huggingface.co/x", False),
        ("https://huggingface.co.example.org/x", False),
        ("https://huggingface.co@example.org/x", False),
        ("https://cdn.hf.co/x", False),
        ("https://hf.co:8443/x", False),
        ("https://hf.co:port/x", False),
    ],
)
def test_the_token_is_for_the_hub_alone_and_encrypted(url: str, is_sent: bool) -> None:
    assert hugging_face.authorization(url) == (f"Bearer {TOKEN}" if is_sent else None)


def test_no_token_no_header_and_no_endpoint_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", " ")
    assert hugging_face.authorization("https://hf.co/x") is None
    assert hugging_face.address(ON_HUB) == ON_HUB


def test_a_refusal_of_the_hub_asks_for_a_token_and_never_prints_it(
    hub: Callable[[], Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = hub()
    server.refuses = True
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    with pytest.raises(RsbenchError, match=r"answers 401 .*set HF_TOKEN to a token that may read it") as problem:
        download.download(Download(url=ON_HUB, file="file.bin"), tmp_path, None)
    assert TOKEN not in str(problem.value)


@pytest.mark.parametrize("text", ["hub.example.org", "ftp://hub.org", "https://me:secret@hub.org", "https://h:x", "//"])
def test_an_endpoint_that_is_no_address_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", text)
    with pytest.raises(RsbenchError, match="HF_ENDPOINT must be the address of a server") as problem:
        hugging_face.address(ON_HUB)
    assert "secret" not in str(problem.value)


def test_a_token_that_no_header_can_hold_is_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_a\r\nHost: evil")
    with pytest.raises(RsbenchError, match="HF_TOKEN holds characters that no token has") as problem:
        hugging_face.authorization("https://hf.co/x")
    assert "evil" not in str(problem.value)
