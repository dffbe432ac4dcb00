"""A row's step costs as plain numbers, for a page that computes steps on other links itself."""

from __future__ import annotations

from typing import Any

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method


def page_costs(comparison: Comparison, method: Method) -> dict[str, Any] | None:
    """Return what ``link.js`` takes a step's costs from, None where they are unknown."""
    cost = method.cost
    return None if cost is None else {"compute_s": cost.compute_s, "wire_bytes": cost.wire_bytes}
