"""Records of cells that train on some of the samples. All made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rsbench.recipe.prune import parse_prune

Maker = Callable[..., dict[str, Any]]
SCORE_BYTES = 924_000
"""10 epochs of 1,050 samples, 88 bytes each."""


def pruned(make_record: Maker, prune: str, **changes: Any) -> dict[str, Any]:
    """Return a record of a cell with its phases: 600 steps of 30 epochs on all samples are 20 steps an epoch."""
    record = make_record(prune=prune, **changes)
    if record["status"] != "done":
        return record
    how, traffic, of = parse_prune(prune), record["traffic"], record["dataset"]["train"]
    payload, wire = (traffic[name] / traffic["steps"] for name in ("payload_bytes_total", "wire_bytes_total"))
    kept = how.kept_of(of)
    lengths = [("train", kept, 30, 600 if how.budget == "steps" else round(600 * how.share))]
    lengths = ([("score", of, how.epochs, 20 * how.epochs)] if how.scores else []) + lengths
    phases = [
        {
            "name": name,
            "samples": samples,
            "epochs": epochs,
            "steps": count,
            "payload_bytes_total": round(payload * count),
            "dense_bytes_total": traffic["dense_bytes_total"] // 600 * count,
            "wire_bytes_total": wire * count,
            "buffer_bytes": 700,
            "score_bytes": SCORE_BYTES if name == "score" else 0,
            "train_s": 0.1 * count,
        }
        for name, samples, epochs, count in lengths
    ]
    total = sum(phase["steps"] for phase in phases)
    for name in ("payload_bytes_total", "dense_bytes_total", "wire_bytes_total", "dense_wire_bytes_total"):
        traffic[name] = type(traffic[name])(traffic[name] * total / 600)
    traffic |= {"steps": total, **({"score_bytes": SCORE_BYTES} if how.scores else {})}
    record["time"]["train_s"] = 0.1 * total
    per_class = [kept // 20] * 20 + [kept - kept // 20 * 20]
    of_record = {"kept": kept, "of": of, "positions_sha256": "ab" * 32, "kept_per_class": per_class}
    of_record["all_per_class"] = [50] * 21
    if how.scores and record.get("history"):
        steps = 20 * how.epochs
        scoring = [
            {**entry, "step": 20 * number, "val_score": None, "val_loss": None, "train_loss": 9.0}
            | {"payload_bytes_total": round(20 * payload * number), "score_bytes": SCORE_BYTES // how.epochs * number}
            for number, entry in enumerate(record["history"][: how.epochs], start=1)
        ]
        after = [
            {**entry, "step": steps + entry["step"], "score_bytes": SCORE_BYTES}
            | {"payload_bytes_total": round(payload * steps) + entry["payload_bytes_total"]}
            for entry in record["history"]
        ]
        record["history"] = scoring + after
    record["selection"] = {"text": how.text, **of_record, "score_bytes": traffic.get("score_bytes", 0)}
    return record | ({"phases": phases} if len(phases) > 1 else {})
