"""Bytes that a collective puts on the wire, by formula: a model, not a measurement."""

from __future__ import annotations

from rsbench.errors import RsbenchError, did_you_mean


def _ring_all_reduce(payload_bytes: float, workers: int) -> float:
    """Return 2 (W-1)/W N: a reduce-scatter and an all-gather, each passing (W-1) blocks of N/W."""
    return 2 * (workers - 1) / workers * payload_bytes


def _all_gather(payload_bytes: float, workers: int) -> float:
    """Return (W-1) N: each rank's N bytes reach every other rank."""
    return (workers - 1) * payload_bytes


def _broadcast(payload_bytes: float, workers: int) -> float:
    """Return (W-1)/W N: the root's N bytes reach W-1 ranks, as a mean over the W ranks (tree or ring)."""
    return (workers - 1) / workers * payload_bytes


WIRE_FORMULAS = {"all_reduce": _ring_all_reduce, "all_gather": _all_gather, "broadcast": _broadcast}


def wire_bytes(op: str, payload_bytes: float, workers: int) -> float:
    """Return the modelled bytes that one rank sends for one collective call.

    Args:
        op: ``all_reduce`` (ring), ``all_gather`` or ``broadcast`` (mean over ranks).
        payload_bytes: bytes of the buffer this rank hands to the collective.
        workers: world size W, at least 1.

    Returns:
        Bytes sent per rank. The first two formulas were verified on gloo with the kernel's counters.

    Raises:
        RsbenchError: for an unknown collective, a negative payload or a world size below 1.
    """
    if op not in WIRE_FORMULAS:
        raise RsbenchError(f'There is no wire formula for the collective "{op}".{did_you_mean(op, WIRE_FORMULAS)}')
    if workers < 1:
        raise RsbenchError(f"A world size of {workers} is not possible; pass at least 1 worker.")
    if payload_bytes < 0:
        raise RsbenchError(f"A payload of {payload_bytes} bytes is not possible; pass 0 or more.")
    return WIRE_FORMULAS[op](payload_bytes, workers)
