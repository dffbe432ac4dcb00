"""The Hugging Face Hub's environment variables: ``HF_ENDPOINT`` names another server, ``HF_TOKEN`` who asks."""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from rsbench.errors import RsbenchError

HOSTS: Final = ("huggingface.co", "hf.co")
"""Names of the Hub itself."""
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,500}")


def address(url: str) -> str:
    """Return the address to ask for a file: that of ``HF_ENDPOINT`` where the file is on the Hub, else the given one.

    Raises:
        RsbenchError: ``HF_ENDPOINT`` is no address of a server.
    """
    parts, endpoint = urlsplit(url), _endpoint()
    if endpoint is None or parts.hostname not in HOSTS:
        return url
    return endpoint.geturl().rstrip("/") + url.removeprefix(f"{parts.scheme}://{parts.netloc}")


def is_hub(url: str) -> bool:
    """Return whether an address is one of the Hub, or of the server in ``HF_ENDPOINT``.

    Raises:
        RsbenchError: ``HF_ENDPOINT`` is no address of a server.
    """
    try:
        asked, endpoint = urlsplit(url), _endpoint()
        if endpoint is None:
            return asked.hostname in HOSTS and asked.port in (None, 443 if asked.scheme == "https" else 80)
        return (asked.scheme, asked.hostname, asked.port) == (endpoint.scheme, endpoint.hostname, endpoint.port)
    except ValueError:  # an address that a redirect leads to may be anything
        return False


def authorization(url: str) -> str | None:
    """Return the header that says who asks, None for every server but the Hub's.

    The token travels encrypted, or stays on this machine.

    Raises:
        RsbenchError: a variable of the Hub holds what it cannot hold; the token is not repeated.
    """
    token = os.environ.get("HF_TOKEN", "").strip()
    if not token or not is_hub(url):
        return None
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        return None
    if not _TOKEN.fullmatch(token):
        raise RsbenchError("HF_TOKEN holds characters that no token has: copy it again, or unset the variable.")
    return f"Bearer {token}"


def _endpoint() -> SplitResult | None:
    """Return the server that stands in for the Hub, None where the Hub itself is asked."""
    text = os.environ.get("HF_ENDPOINT", "").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or "@" in text or parts.query or parts.fragment or not text.isprintable():
        raise RsbenchError(
            "HF_ENDPOINT must be the address of a server, such as https://hub.example.org, without a user name, a "
            "query or a fragment: correct it, or unset the variable."
        )
    return parts
