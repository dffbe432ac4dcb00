"""Differences to the reference, corrected for how many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_parts import column

from rsbench.reports import build_report

Maker = Callable[..., dict[str, Any]]


def test_reports_correct_for_the_number_of_comparisons(make_record: Maker) -> None:
    """A gain whose own interval is above zero is no finding when it is the luckiest of five."""
    lucky, flat = (0.008, 0.012, 0.013, 0.004), (0.01, -0.012, 0.004, -0.003)
    none = [make_record(seed=seed, oa=0.8) for seed in range(4)]

    def row(name: str, gains: tuple[float, ...]) -> list[dict[str, Any]]:
        return [make_record(compressor=name, ratio=10.0, seed=s, oa=0.8 + gain) for s, gain in enumerate(gains)]

    alone = build_report([*none, *row("dgc", lucky)]).sections[0]
    text = column(alone.tables[0], "vs none")["dgc 10x"]
    assert text.startswith("+0.9 [+0.3, +1.6]") and not text.endswith("~")
    assert not any("Holm" in note for note in alone.notes)
    others = [record for name in ("topk", "rsdgc", "randomk", "blocktopk") for record in row(name, flat)]
    five = build_report([*none, *row("dgc", lucky), *others]).sections[0]
    assert column(five.tables[0], "vs none")["dgc 10x"].startswith("+0.9 [+0.3, +1.6] ~ [")
    assert any("Holm's correction for the 5 comparisons with none" in note for note in five.notes)
