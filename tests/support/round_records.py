"""Records of rows that exchange after several local steps. All made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange_records import with_exchange

from rsbench.recipe.sync import Sync, parse_sync

Maker = Callable[..., dict[str, Any]]


def exchanging(make_record: Maker, sync: str, *, round_ms: float = 3.0, **changes: Any) -> dict[str, Any]:
    """Return a record of one exchange in K steps, with what only such records have.

    A ratio that is asked for is that of the whole run, as for other rows; without one the run sends K times less.
    """
    record = with_exchange(make_record(sync=sync, **changes))
    if record["status"] != "done":
        return record
    how, cell, traffic, time = parse_sync(sync), record["cell"], record["traffic"], record["time"]
    less = how.every if cell["ratio"] is None else 1
    for name in ("payload_bytes_total", "wire_bytes_total", "payload_bytes_per_step"):
        traffic[name] /= less
    for name in ("compression_ratio", "steady_ratio", "wire_ratio"):
        traffic[name] *= less
    record["exchange"]["phases"] = _phases(record["exchange"]["phases"][0], how, how.every / less, round_ms / 1000)
    exchanges = how.exchanges(traffic["steps"])
    traffic |= {
        "exchanges": exchanges,
        "local_steps": how.every,
        "payload_bytes_per_exchange": traffic["payload_bytes_total"] / exchanges,
        "payload_bytes_per_sample": traffic["payload_bytes_total"] / traffic["steps"] / cell["batch_size"],
    }
    time |= {"s_per_sample": 1 / time["images_per_s"], "round_s": round_ms / 1000 if how.in_rounds else 0.0}
    return record


def _phases(step: dict[str, Any], how: Sync, larger: float, round_s: float) -> list[dict[str, Any]]:
    """Return a local step's shares of what is computed alone, and of what ends with an exchange."""
    every, times = how.every, ("before_s", "forward_s", "backward_s", "after_s")
    buckets = [
        {
            **{name: value / every for name, value in bucket.items() if name != "calls"},
            "calls": [
                {**call, "per_step": call["per_step"] / every, "payload_bytes": call["payload_bytes"] * larger}
                for call in bucket["calls"]
            ],
        }
        for bucket in step["buckets"]
    ]
    if how.in_rounds:
        end = {**dict.fromkeys(times, 0.0), "after_s": round_s, "buckets": [{**one, "ready_s": 0.0} for one in buckets]}
        return [{**step, "buckets": []}, end]
    alone = {name: step[name] * (every - 1) / every for name in times}
    return [{**alone, "buckets": []}, {**{name: step[name] / every for name in times}, "buckets": buckets}]
