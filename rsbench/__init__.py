"""rsbench: honest comparison of gradient compressors on remote-sensing data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rsbench.frames.compare import compare as compare
    from rsbench.frames.results import load as load

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Return :func:`rsbench.load` or :func:`rsbench.compare`, whose modules are imported at their first use."""
    if name == "load":
        from rsbench.frames.results import load  # late: start-up

        return load
    if name == "compare":
        from rsbench.frames.compare import compare  # late: start-up

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
