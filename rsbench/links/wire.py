"""Bytes that a collective puts on the wire, by formula: a model, not a measurement."""

from __future__ import annotations

from typing import Final, NamedTuple

from rsbench.errors import RsbenchError, did_you_mean

SEGMENT_BYTES: Final = 1448
"""Data in a full Ethernet frame: 1,500 bytes less the headers of IP (20) and TCP with time stamps (32)."""
HEADERS_BYTES: Final = 66
"""Ethernet's (14), IP's and TCP's headers of a frame, as interfaces count them; the checksum is not counted."""
ACKNOWLEDGED_SEGMENTS: Final = 4
"""Received segments that one acknowledgement stands for, about (measured on gloo, see :data:`MESSAGE_BYTES`)."""
FRAMING: Final = 1 + HEADERS_BYTES / SEGMENT_BYTES + HEADERS_BYTES / (ACKNOWLEDGED_SEGMENTS * SEGMENT_BYTES)
"""Bytes on the wire for a byte of data; a rank acknowledges as much as it sends, but in a broadcast."""


class _Formula(NamedTuple):
    """What one rank sends for a collective, as factors.

    Attributes:
        data: bytes for a byte of payload.
        messages: messages for a call.
    """

    data: float
    messages: float


def _ring_all_reduce(workers: int) -> _Formula:
    """Return 2 (W-1)/W N: a reduce-scatter and an all-gather, each passing (W-1) blocks of N/W."""
    return _Formula(2 * (workers - 1) / workers, 2 * (workers - 1))


def _all_gather(workers: int) -> _Formula:
    """Return (W-1) N: each rank's N bytes reach every other rank."""
    return _Formula(workers - 1, workers - 1)


def _broadcast(workers: int) -> _Formula:
    """Return (W-1)/W N: the root's N bytes reach W-1 ranks, as a mean over the W ranks (tree or ring)."""
    return _Formula((workers - 1) / workers, (workers - 1) / workers / 2)


def _all_to_all(workers: int) -> _Formula:
    """Return (W-1)/W N: of each rank's N bytes, which are for all ranks, its own share stays."""
    return _Formula((workers - 1) / workers, (workers - 1) / 2)


WIRE_FORMULAS = {
    "all_reduce": _ring_all_reduce,
    "all_gather": _all_gather,
    "broadcast": _broadcast,
    "all_to_all": _all_to_all,
}
"""What a rank sends for a collective, by its name. A message of a broadcast or an
all-to-all costs half of one in a ring."""

MESSAGE_BYTES: Final = 750
"""What a message of a ring costs beside its data: gloo's handshakes and their frames.

Counted on the interfaces of 2 and 4 namespaces, ``python tests/programs/count_wire.py``: the formula is within 1 % from
40 kB up, and within 10 % of single messages of 16 bytes to 4 kB, but for sums of fewer elements than messages.
"""


def wire_bytes(op: str, payload_bytes: float, workers: int, *, calls: float = 1) -> float:
    """Return the modelled bytes that one rank sends for calls of one collective.

    Data by the collective's formula, with the headers of Ethernet frames of 1,500 bytes and acknowledgements, and what
    each message costs beside its data.

    Args:
        op: ``all_reduce`` (ring), ``all_gather``, ``broadcast`` (mean over ranks) or ``all_to_all``.
        payload_bytes: bytes of the buffers this rank hands to the collective, all calls together.
        workers: world size W, at least 1.
        calls: how many calls.

    Returns:
        Bytes sent per rank, on gloo within 1 % of what the kernel counts from 40 kB a call up.

    Raises:
        RsbenchError: for an unknown collective, a negative payload or a world size below 1.
    """
    formula = _formula(op, payload_bytes, workers)
    return FRAMING * formula.data * payload_bytes + MESSAGE_BYTES * formula.messages * calls


def data_bytes(op: str, payload_bytes: float, workers: int) -> float:
    """Return the same without headers, acknowledgements and handshakes: the bytes that programs hand to sockets."""
    return _formula(op, payload_bytes, workers).data * payload_bytes


def _formula(op: str, payload_bytes: float, workers: int) -> _Formula:
    if op not in WIRE_FORMULAS:
        raise RsbenchError(f'There is no wire formula for the collective "{op}".{did_you_mean(op, WIRE_FORMULAS)}')
    if workers < 1:
        raise RsbenchError(f"A world size of {workers} is not possible; pass at least 1 worker.")
    if payload_bytes < 0:
        raise RsbenchError(f"A payload of {payload_bytes} bytes is not possible; pass 0 or more.")
    return WIRE_FORMULAS[op](workers)
