"""What a page needs to compute for another link: plain numbers. How it computes is the page's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CalculatorRow:
    """One row's numbers.

    Attributes:
        costs: of a step, as JSON knows them.
        steps: of the run.
        target_steps: of the run until the target; None where it is not reached.
        sent_bytes: over the run; None where unknown.
        is_reference: whether the others are compared with it.
    """

    costs: Mapping[str, Any]
    steps: float
    target_steps: float | None
    sent_bytes: float | None
    is_reference: bool


@dataclass(frozen=True, kw_only=True)
class Calculator:
    """A table's numbers, with the link that it was printed for.

    Attributes:
        bits_per_s: of the link, its slower direction.
        round_trip_s: of the link.
        contact: length and period of its passes in seconds; None where it is always there.
        when: the same as an addition to the table's title, empty where it is always there.
        columns: key of a column that changes -> its place.
        rows: one a row of the table, None for rows that stay.
    """

    bits_per_s: float
    round_trip_s: float
    contact: tuple[float, float] | None
    when: str
    columns: Mapping[str, int]
    rows: tuple[CalculatorRow | None, ...]


@dataclass(frozen=True, kw_only=True)
class AdvisorRow:
    """One row that may be advised on a link.

    Attributes:
        label: of the row.
        is_advised: whether it may be advised: its accuracy allows it, and no other beats it on every link.
        saving: by what it sends less, in words.
        run: its numbers.
    """

    label: str
    is_advised: bool
    saving: str
    run: CalculatorRow


@dataclass(frozen=True, kw_only=True)
class Advisor:
    """The numbers from which a page says what to use on a reader's own link.

    Attributes:
        bits_per_s: of the link that it begins with.
        round_trip_s: of that link.
        noticeable: share of a step below which two are called equal.
        remark: what the answer leaves out; empty for nothing.
        rows: one a row of the first table of methods; None where its costs are unknown.
    """

    bits_per_s: float
    round_trip_s: float
    noticeable: float
    remark: str
    rows: tuple[AdvisorRow | None, ...]
