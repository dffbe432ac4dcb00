"""Processes that ran a plug-in's code are not used for the next cell: who knows what it left in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from rsbench import compressors
from rsbench.compressors import TopK


class Outside(TopK):
    """As of another package."""

    name = "outside"


Outside.__module__ = "rsbench_outside.compressor"


def test_workers_end_after_a_cell_with_a_plugin(
    rsbench: Callable[..., Result], launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(compressors.COMPRESSORS, "outside", Outside)
    monkeypatch.setattr(type(launcher), "close", lambda self: self.ran.append("(closed)"))
    names = ("none", "outside", "topk")
    words = [word for name in names for word in ("--compressor", name)]
    result = rsbench("compare", *words, "--workers", 2, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert launcher.ran == ["none", "outside", "(closed)", "topk", "(closed)"]
