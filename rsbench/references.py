"""Published works as BibTeX wants them: facts that compressors, data sets and models declare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

KINDS: Final = ("article", "inproceedings", "misc", "techreport")
"""Entry types that every BibTeX style knows."""
_KEY: Final = re.compile(r"[A-Za-z0-9:_-]{1,60}")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One published work. Texts are plain Unicode; what writes a file escapes them.

    Attributes:
        key: the word by which texts cite it: letters, digits, ``:``, ``_`` and ``-``.
        kind: one of :data:`KINDS`.
        authors: ``Family, Given`` each; a name without a comma is an organisation.
        title: with the capitals of the original.
        year: four digits, empty where there is none.
        details: other BibTeX fields and their values, such as ``("journal", "Pattern Recognition")``.

    Raises:
        ValueError: the key or the kind is not allowed.
    """

    key: str
    kind: str
    authors: tuple[str, ...]
    title: str
    year: str = ""
    details: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would break a BibTeX file."""
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"{self.key!r} is no BibTeX key: use letters, digits, ':', '_' and '-'")
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of reference; known are {', '.join(KINDS)}")
