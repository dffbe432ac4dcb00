"""How often fuzzed tests draw: a little in the default run, for stated seconds where the mark ``long`` is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
"""The same few examples in every default run."""


def run_for(seconds: float, strategy: st.SearchStrategy[object], check: Callable[[object], None]) -> int:
    """Check examples, new ones each time, for so many seconds; return how many."""
    deadline, tried = time.monotonic() + seconds, 0
    chunk = settings(
        max_examples=500,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

    def counted(example: object) -> None:
        nonlocal tried
        tried += 1
        check(example)

    while time.monotonic() < deadline:
        chunk(given(strategy)(counted))()
    return tried
