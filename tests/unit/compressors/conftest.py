"""All tests of compressors have a process group."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def with_a_process_group(alone: None) -> None:
    """See ``alone``."""
