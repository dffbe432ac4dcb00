"""Where rsbench keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """Return the folder for prepared data and model facts: ``RSBENCH_CACHE``, else the user's cache."""
    import platformdirs  # late: start-up

    return Path(os.environ.get("RSBENCH_CACHE") or platformdirs.user_cache_path("rsbench"))


def data_cache() -> Path:
    """Return the folder for prepared data in the cache."""
    return cache_root() / "data"
