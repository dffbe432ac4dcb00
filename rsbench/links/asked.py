"""What somebody asks of links: which ones, and when they are there. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rsbench.errors import RsbenchError
from rsbench.links.contact import Contact, parse_contact
from rsbench.links.link import Link, parse_link, read_latency


@dataclass(frozen=True, kw_only=True)
class AskedLinks:
    """The links that a report is asked about.

    Attributes:
        links: each once, in their order; none asks nothing.
        contact: when they are there; None for always.
    """

    links: tuple[Link, ...] = ()
    contact: Contact | None = None


NOTHING_ASKED: Final = AskedLinks()
"""No link at all."""


def read_asked(links: Sequence[str], latency: str | None = None, contact: str | None = None) -> AskedLinks:
    """Return what the options ``--link``, ``--latency`` and ``--contact`` ask.

    Args:
        links: texts for :func:`~rsbench.links.link.parse_link`.
        latency: the round trip of the links that name none.
        contact: a text for :func:`~rsbench.links.contact.parse_contact`.

    Raises:
        RsbenchError: a text that cannot be read, or a latency or contact of no link.
    """
    for option, text in (("--latency", latency), ("--contact", contact)):
        if text is not None and not links:
            raise RsbenchError(f"{option} is of a link: name one, such as --link 10mbit.")
    parsed = [parse_link(text) for text in links]
    if latency is not None:
        silent = [not link.round_trip_s and "latency" not in text for link, text in zip(parsed, links, strict=True)]
        if not any(silent):
            raise RsbenchError("--latency is for links that name none, and each --link here has one of its own.")
        round_trip_s = read_latency(latency)
        parsed = [
            replace(link, round_trip_s=round_trip_s) if is_silent else link
            for link, is_silent in zip(parsed, silent, strict=True)
        ]
    return AskedLinks(links=tuple(dict.fromkeys(parsed)), contact=None if contact is None else parse_contact(contact))
