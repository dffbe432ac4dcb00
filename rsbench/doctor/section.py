"""One section of ``rsbench doctor``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Section:
    """What was found about one part of the machine.

    Attributes:
        name: heading, and key in the JSON document.
        lines: for people.
        facts: the same for programs; snake_case keys with units.
        problems: sentences, each with what to do.
        is_fatal: whether nothing can train because of the problems.
    """

    name: str
    lines: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    is_fatal: bool = False
