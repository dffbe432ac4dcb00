"""Step costs as plain numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from exchange_records import with_exchange
from report_parts import comparison_of

from rsbench.links.collective_time import transfer_of
from rsbench.reports.costs.page_costs import page_costs

Maker = Callable[..., dict[str, Any]]


def test_calls_are_what_they_ask_of_a_link(make_record: Maker) -> None:
    comparison = comparison_of([with_exchange(make_record(workers=4))])
    costs = comparison.costs(comparison.methods[0])
    assert costs is not None
    plain = page_costs(costs)
    (call,) = plain["phases"][0]["buckets"][0]["calls"]
    transfer = transfer_of("all_reduce", 2_000_000, 4)
    assert call == {"per_step": 1.0, "blocking": False, **transfer._asdict()}
    assert (call["round_trips"], call["bytes"] > 2 * 3 / 4 * 2e6) == (6, True)
    assert json.loads(json.dumps(plain)) == plain


def test_constants_are_those_of_the_records_backend(make_record: Maker) -> None:
    record = make_record(workers=4, provenance={"runtime": {"backend": "nccl", "gpu": None}})
    comparison = comparison_of([with_exchange(record)])
    costs = comparison.costs(comparison.methods[0])
    assert costs is not None
    (call,) = page_costs(costs)["phases"][0]["buckets"][0]["calls"]
    assert (call["round_trips"], call["fixed_s"]) == (3, 0)


def test_older_records_have_computing_and_bytes(make_record: Maker) -> None:
    comparison = comparison_of([make_record()])
    costs = comparison.costs(comparison.methods[0])
    assert costs is not None
    assert page_costs(costs) == {"compute_s": costs.compute_s, "wire_bytes": 4e6}
