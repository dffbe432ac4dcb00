"""The JSON document that a command prints with ``--json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from rsbench import __version__
from rsbench.console import pipe


def print_document(facts: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output, with the version of rsbench first and nothing beside it.

    Args:
        facts: snake_case keys with units; paths become texts, numbers that are not finite become null.
    """
    document = {"rsbench": __version__, **{key: _plain(value) for key, value in facts.items()}}
    pipe(json.dumps(document, indent=1, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value) if isinstance(value, PurePath) else repr(value)
