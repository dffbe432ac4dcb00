"""A row's method on a model: how it is registered, and what it says of a step. Compressors may be another tree's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from torch.nn.parallel import DistributedDataParallel

from rsbench.bench.floors import floor_hook
from rsbench.bench.plain_hooks import MOMENTUM, register_hook
from rsbench.bench.rows import POWERSGD_HOOK, Row

Numbers = dict[str, float]
Tell = Callable[[], Numbers]
"""Gives the numbers of the step that ended last: ``compress_s``, ``decode_s``, ``payload_bytes``, as far as known."""

BUCKET_CAP_MB: Final = 25.0
"""The default of DistributedDataParallel."""
_ONE_BUCKET_MB: Final = 1e6


def bucket_cap_mb(row: Row) -> float:
    """Return the bucket size for a row's method, in MiB."""
    return _ONE_BUCKET_MB if row.method == POWERSGD_HOOK else BUCKET_CAP_MB


def register(row: Row, model: DistributedDataParallel, *, compiled: bool) -> Tell:
    """Register a row's method on a model.

    Args:
        row: one of the plan.
        model: has no hook yet.
        compiled: whether numba works here.

    Raises:
        RsbenchError: the compressor does not know an option, or cannot serve the model; another tree's own class.
    """
    if row.kind == "plain":
        return dict
    if row.kind == "compressor":
        return _register_compressor(row, model)
    if row.kind == "floor":
        floor = floor_hook(row.method, compiled)
        model.register_comm_hook(None, floor.run)
        return lambda: {"compress_s": floor.compress_s}
    plain = register_hook(row.method, row.density, model)
    return dict if plain is None else lambda: {"payload_bytes": float(plain.payload_bytes)}


def _register_compressor(row: Row, model: DistributedDataParallel) -> Tell:
    """Register by the public interface alone, which trees share."""
    from rsbench.compressors import parse  # late: perhaps another tree's

    compressor: Any = parse(row.method)
    if row.density is not None:
        compressor = compressor.with_density(row.density)
    compressor.register(model)
    compressor.param_groups(model, lr=0.1, momentum=MOMENTUM)

    def tell() -> Numbers:
        times = compressor.hook.timeline
        return {
            "compress_s": sum(one.sent - one.start for one in times),
            "decode_s": sum(one.decoded - one.arrived for one in times),
            "payload_bytes": float(compressor.step_stats()["payload_bytes"]),
        }

    return tell
