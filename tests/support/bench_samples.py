"""A benchmark's samples, made up: what tables and plots are tested with."""

from __future__ import annotations

from typing import Any

from rsbench.bench.measured import Measured, RowSamples
from rsbench.bench.rows import Row, plan_rows

MACHINE = {
    **{"cpu": "Example CPU", "vectors": "AVX2", "vector_bits": 256, "threads": 4, "cores": 2, "turbo": True},
    **{"load_start": 0.1, "load_end": 1.9, "others_cores": 0.01},
}
EXCHANGE_MS = {"plain DDP": 40.0, "PyTorch allreduce_hook": 41.0, "noop": 10.0, "none": 42.0}
PER_DENSITY_MS = {("topk", 0.001): 30.0, ("topk", 0.01): 36.0, ("topk", 0.1): 37.0, ("dgc", 0.001): 44.0}


def exchange_ms(row: Row) -> float:
    """What a row takes: other trees take twice as long, two threads half as long."""
    base = EXCHANGE_MS.get(row.method) or PER_DENSITY_MS.get((row.method, row.density or 0.0), 50.0)
    return base * (2 if row.tree else 1) / row.threads


def samples_of(row: Row, rounds: int = 2) -> RowSamples:
    """Each round has two ranks of three steps: the median, 1 ms less, 2 ms more; rank 1 is 0.5 ms faster."""
    one = RowSamples(row=row)
    base = exchange_ms(row) / 1e3
    for _ in range(rounds):
        numbers: dict[str, list[float]] = {"exchange_s": [base, base - 1e-3, base + 2e-3], "copy_s": [8e-3] * 3}
        if row.kind == "compressor":
            numbers |= {"compress_s": [16e-3] * 3, "decode_s": [2e-3] * 3, "payload_bytes": [40_000.0] * 3}
        faster = {**numbers, "exchange_s": [value - 0.5e-3 for value in numbers["exchange_s"]]}
        one.add("exchange", [numbers, faster])
        if row.kind == "compressor":
            one.add("compress", [numbers])
        if row.keeps_residual or row.kind == "plain":
            peak = 9e6 if row.keeps_residual else 1e6
            one.add("memory", [{"peak_bytes": [peak]}, {"peak_bytes": [peak - 5e5]}])
    return one


def measured(**changes: Any) -> Measured:
    """A run of plain DDP, noop, none, topk and dgc at two densities."""
    order = {
        **{"model": "resnet18", "densities": [0.001, 0.01], "workers": 2, "threads": [1], "repeats": 2},
        **{"plain_hooks": False, "floors": True, "parts": True, "bucket_views": True, "against": None, **changes},
    }
    rows = plan_rows(
        ["noop", "none", "topk", "dgc"],
        order["densities"],
        threads=order["threads"],
        plain_hooks=order["plain_hooks"],
        floors=order["floors"],
        other_tree="1234567" if order["against"] else "",
    )
    return Measured(
        order=order,
        provenance={"argv": ["/usr/bin/rsbench", "bench", "--density", "0.001,0.01"]},
        machine=dict(MACHINE),
        rows=[samples_of(row) for row in rows],
        facts={"elements": 1_000_000, "torch": "2.14.1", "kernels": "compiled"},
    )
