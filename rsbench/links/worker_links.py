"""The links of all workers of a cell: one for all, and others for some ranks. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rsbench.errors import RsbenchError
from rsbench.links.link import Link, parse_link

_RANK: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class WorkerLinks:
    """Which link each worker has.

    Attributes:
        default: of every rank that ``others`` does not name.
        others: rank -> its link.
    """

    default: Link
    others: Mapping[int, Link] = field(default_factory=dict)

    def of(self, rank: int) -> Link:
        """Return a rank's link."""
        return self.others.get(rank, self.default)

    def slowest(self, workers: int) -> Link:
        """Return the link that holds up the others in a ring of so many: the lowest rate, the longest round trip."""
        links = [self.of(rank) for rank in range(workers)]
        return Link(
            down_bits_per_s=min(link.down_bits_per_s for link in links),
            up_bits_per_s=min(link.up_bits_per_s for link in links),
            round_trip_s=max(link.round_trip_s for link in links),
        )

    def check_ranks(self, workers: int) -> None:
        """Refuse a link for a worker that does not exist.

        Raises:
            RsbenchError: names the first one.
        """
        for rank in sorted(self.others):
            if rank >= workers:
                raise RsbenchError(
                    f"There is no worker {rank} to give a link of its own: {workers} workers are numbered from 0 to"
                    f" {workers - 1}."
                )

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_worker_links` reads: ``50mbit;3=10mbit``."""
        return ";".join([self.default.text, *(f"{rank}={self.others[rank].text}" for rank in sorted(self.others))])

    @property
    def title(self) -> str:
        """What tables call it: ``50 Mbit/s, worker 3: 10 Mbit/s``."""
        return ", ".join(
            [self.default.title, *(f"worker {rank}: {self.others[rank].title}" for rank in sorted(self.others))]
        )


def parse_worker_links(text: str) -> WorkerLinks:
    """Return the links that a text names.

    Args:
        text: a link, and after semicolons the links of single ranks: ``50mbit;3=10mbit;5=geo``.

    Raises:
        RsbenchError: one sentence that says what cannot be read.
    """
    default, *rest = text.split(";")
    others: dict[int, Link] = {}
    for part in rest:
        rank, equals, link = part.partition("=")
        if not equals or not _RANK.fullmatch(rank.strip()):
            raise RsbenchError(f'The link of one worker "{part}" cannot be read: write RANK=LINK, such as 3=10mbit.')
        if int(rank) in others:
            raise RsbenchError(f"Worker {int(rank)} is given two links: give it one.")
        others[int(rank)] = parse_link(link)
    return WorkerLinks(default=parse_link(default), others=others)
