"""How long a collective takes on a link: latency for each message, and the bytes. A model, not a measurement."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.links.link import Link
from rsbench.links.wire import SEGMENT_BYTES, wire_bytes


class Constants(NamedTuple):
    """What was measured of a backend's collectives, on links from 50 Mbit/s to 1 Gbit/s.

    Attributes:
        message_s: time of a message of an algorithm beside its bytes and the link's latency.
        stretch: time of a call's bytes by their time at the link's full speed, by collective; between two ranks an
            all-gather's halves do not follow one another closely.
        stretch_of_two: the same between two ranks.
    """

    message_s: float
    stretch: dict[str, float]
    stretch_of_two: dict[str, float]


GLOO: Final = Constants(
    message_s=0.0006,
    stretch={"all_reduce": 1.03, "all_gather": 1.05, "broadcast": 1.1},
    stretch_of_two={"all_reduce": 1.01, "all_gather": 1.4, "broadcast": 1.0},
)
"""gloo of torch 2.14, by ``python tests/programs/time_collectives.py`` (docs/links.md has its table)."""

INITIAL_WINDOW_BYTES: Final = 10 * SEGMENT_BYTES
"""What TCP sends after a pause before it waits for the first acknowledgement (RFC 6928); doubled a round trip."""


def messages(op: str, workers: int) -> int:
    """Return how many messages follow one another in a collective: a ring's steps, a tree's depth.

    Raises:
        RsbenchError: nobody knows the collective.
    """
    if workers < 2:
        return 0
    steps = {
        "all_reduce": 2 * (workers - 1),
        "all_gather": workers - 1,
        "all_to_all": workers - 1,
        "broadcast": math.ceil(math.log2(workers)),
    }
    if op not in steps:
        raise RsbenchError(f'There is no time formula for the collective "{op}".{did_you_mean(op, steps)}')
    return steps[op]


def collective_s(op: str, payload_bytes: float, workers: int, link: Link, constants: Constants = GLOO) -> float:
    """Return how long one call takes from the last rank's start to its end, on links that are all alike.

    Each message of the algorithm costs half a round trip and :attr:`Constants.message_s`; the bytes pass at the
    slower direction's rate, in as many turns as TCP needs after a pause where the round trip is long.

    Args:
        op: a name of :data:`rsbench.links.wire.WIRE_FORMULAS`.
        payload_bytes: of one rank.
        workers: world size W; one worker takes no time.
        link: of every worker.
        constants: of the backend.

    Raises:
        RsbenchError: for an unknown collective, a negative payload or a world size below 1.
    """
    sent = wire_bytes(op, payload_bytes, workers)
    steps = messages(op, workers)
    if not steps:
        return 0.0
    by_two = constants.stretch_of_two if workers == 2 else constants.stretch
    if op == "broadcast":  # the mean over ranks; the root sends a message to each child
        sent *= steps * workers / (workers - 1)
    bytes_s = 8 * sent * by_two.get(op, 1.0) / link.bits_per_s
    return bytes_s + steps * (constants.message_s + link.round_trip_s / 2 + _window_s(sent / steps, link))


def _window_s(message_bytes: float, link: Link) -> float:
    """Return how long a message waits for acknowledgements, as TCP's window opens after a pause (slow start).

    In turn n it sends 10 segments x 2^n; what a turn takes less than a round trip is waited for.
    """
    window, left, waited = float(INITIAL_WINDOW_BYTES), message_bytes, 0.0
    while left > window and 8 * window / link.bits_per_s < link.round_trip_s:
        waited += link.round_trip_s - 8 * window / link.bits_per_s
        left, window = left - window, 2 * window
    return waited
