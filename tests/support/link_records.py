"""Records that know what a step exchanges when, as reports on links need them. All made up."""

from __future__ import annotations

from typing import Any


def with_exchange(record: dict[str, Any], *, load: float = 1.0) -> dict[str, Any]:
    """Return a finished record with two buckets a step; the first of sparse methods renews by a call that blocks."""
    if record["status"] != "done":
        return record
    name, sent = record["compressor"]["name"], record["traffic"]["payload_bytes_per_step"]
    time = record["time"]
    op = "all_gather" if record["cell"]["ratio"] else "all_reduce"
    workers = record["cell"]["workers"]
    calls = [_call(op, sent / 2, workers)] if sent else []
    renewal = [_call("broadcast", 30_000, workers, per_step=0.1, blocking=True)] if name == "rsdgc" else []
    buckets = [
        {
            "ready_s": share * time["backward_s"],
            "compress_s": time["compress_s"] / 2,
            "wait_s": 0.0,
            "took_s": 0.001,
            "decompress_s": time["decompress_s"] / 2,
            "calls": [*more, *calls],
        }
        for share, more in ((0.4, renewal), (1.0, []))
    ]
    phase = {
        "before_s": time["data_s"] + time["forward_s"],
        "forward_s": time["forward_s"],
        "backward_s": time["backward_s"],
        "after_s": time["optimizer_s"] + time["other_s"],
        "buckets": buckets,
    }
    facts = {"load": load, "steps": 595, "foreign_share": 0.0, "cores": 8, "ranks_here": workers}
    return record | {"exchange": {"phases": [phase], **facts}}


def _call(op: str, payload_bytes: float, workers: int, *, per_step: float = 1.0, blocking: bool = False) -> Any:
    """Return a collective that a hook starts."""
    return {"op": op, "payload_bytes": payload_bytes, "per_step": per_step, "blocking": blocking, "workers": workers}
