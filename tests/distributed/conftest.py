"""One cache for the commands of all these tests, so that data are prepared and torch is asked once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder at first."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", autouse=True)
def one_cache(cache: Path) -> Iterator[None]:
    """Have every command that a test starts use that cache, unless it names another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RSBENCH_CACHE", str(cache))
        yield
