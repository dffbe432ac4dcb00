"""Records of a small study with a section ``exchange``, whose modelled steps are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rsbench.links.collective_time import collective_s
from rsbench.links.link import parse_link

Maker = Callable[..., dict[str, Any]]

PAYLOAD_BYTES: Final = {"none": 4e6, "topk": 4e4}
OPS: Final = {"none": "all_reduce", "topk": "all_gather"}
COMPRESS_S: Final = {"none": 0.0, "topk": 0.01}


def link_record(
    make_record: Maker, name: str, link: str | None = None, step_s: float = 0.06, load: float = 1.0, **changes: Any
) -> dict[str, Any]:
    """Return a record of 21 ms before, 30 ms of backward with one bucket at its end, and 2 ms after.

    Args:
        make_record: the fixture.
        name: ``none`` or ``topk``.
        link: that was emulated.
        step_s: measured.
        load: by what factor other programs lengthened every wall time that it holds.
        changes: of the cell.
    """
    more = {"link": link} if link else {}
    ratio = None if name == "none" else 100.0
    record = make_record(compressor=name, ratio=ratio, provenance={"runtime": {"threads": 1}}, **more, **changes)
    record["time"]["step_time_s"] = step_s
    call = {"op": OPS[name], "payload_bytes": PAYLOAD_BYTES[name], "per_step": 1.0, "blocking": False, "workers": 2}
    bucket = {
        "ready_s": 0.03 * load,
        "compress_s": COMPRESS_S[name] * load,
        "compress_cpu_s": COMPRESS_S[name],
        "wait_s": 0.0,
        "took_s": 0.002,
        "decompress_s": 0.0,
        "decompress_cpu_s": 0.0,
    }
    times = {"before_s": 0.021, "forward_s": 0.02, "backward_s": 0.03, "after_s": 0.002}
    phase = {part: seconds * load for part, seconds in times.items()}
    record["exchange"] = {
        "phases": [{**phase, "buckets": [{**bucket, "calls": [call]}]}],
        "load": load,
        "steps": 50,
        "foreign_share": 0.0,
        "cores": 2,
        "ranks_here": 2,
    }
    return record


def modelled_s(name: str, link: str) -> float:
    """Return the step that the model must say."""
    exchange_s = collective_s(OPS[name], PAYLOAD_BYTES[name], 2, parse_link(link))
    return 0.021 + 0.03 + COMPRESS_S[name] + exchange_s + 0.002
