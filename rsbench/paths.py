"""Where rsbench keeps what it prepares."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """Return the folder of prepared data: ``RSBENCH_CACHE``, else the user's cache."""
    import platformdirs

    return Path(os.environ.get("RSBENCH_CACHE") or platformdirs.user_cache_path("rsbench")) / "data"
