"""How long a collective takes on a link: latency for each message, and the bytes. A model, not a measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.links.link import Link
from rsbench.links.wire import wire_bytes


class Constants(NamedTuple):
    """What is known of a backend's collectives.

    Attributes:
        message_s: time of a message of an algorithm beside its bytes and the link's latency.
        message_round_trips: round trips of the link from a message's start until it has arrived.
        stretch: time of a call's bytes by their time at the link's full speed, by collective; between two ranks an
            all-gather's halves do not follow one another closely.
        stretch_of_two: the same between two ranks.
    """

    message_s: float
    message_round_trips: float
    stretch: Mapping[str, float]
    stretch_of_two: Mapping[str, float]


GLOO: Final = Constants(
    message_s=0.0006,
    message_round_trips=1.0,
    stretch={"all_reduce": 1.03, "all_gather": 1.05, "broadcast": 1.1},
    stretch_of_two={"all_reduce": 1.01, "all_gather": 1.4, "broadcast": 1.0},
)
"""gloo of torch 2.14, on links from 50 Mbit/s to 1 Gbit/s: ``python tests/programs/time_collectives.py``.

A message takes a whole round trip, because its receiver first says that it is ready.
"""

NCCL: Final = Constants(message_s=0.0, message_round_trips=0.5, stretch={}, stretch_of_two={})
"""The ring's formula alone: not measured by us so far."""


def constants_of(backend: str) -> Constants:
    """Return what is known of a backend by its name in torch, gloo's for one that nobody knows."""
    return NCCL if "nccl" in backend else GLOO


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


class Transfer(NamedTuple):
    """What a collective asks of a link.

    Attributes:
        bytes: on the wire, lengthened by what the backend does not overlap.
        round_trips: of the link.
        fixed_s: beside both, in seconds.
    """

    bytes: float
    round_trips: float
    fixed_s: float

    def time_s(self, link: Link) -> float:
        """Return the seconds on a link of every worker."""
        return 8 * self.bytes / link.bits_per_s + self.round_trips * link.round_trip_s + self.fixed_s


def transfer_of(op: str, payload_bytes: float, workers: int, constants: Constants = GLOO) -> Transfer:
    """Return what one call asks of a link; arguments and errors as for :func:`collective_s`."""
    sent = wire_bytes(op, payload_bytes, workers)
    steps = messages(op, workers)
    if not steps:
        return Transfer(bytes=0.0, round_trips=0.0, fixed_s=0.0)
    by_two = constants.stretch_of_two if workers == 2 else constants.stretch
    if op == "broadcast":  # the mean over ranks; the root sends a message to each child
        sent *= steps * workers / (workers - 1)
    return Transfer(
        bytes=sent * by_two.get(op, 1.0),
        round_trips=_round_trips(op, steps, constants),
        fixed_s=steps * constants.message_s,
    )


def collective_s(op: str, payload_bytes: float, workers: int, link: Link, constants: Constants = GLOO) -> float:
    """Return how long one call takes from the last rank's start to its end, on links that are all alike.

    Each message of the algorithm waits for the link's latency and costs :attr:`Constants.message_s`; the bytes pass at
    the slower direction's rate. TCP's window is taken to be open: steps follow one another too soon for it to close.

    Args:
        op: a name of :data:`rsbench.links.wire.WIRE_FORMULAS`.
        payload_bytes: of one rank.
        workers: world size W; one worker takes no time.
        link: of every worker.
        constants: of the backend.

    Raises:
        RsbenchError: for an unknown collective, a negative payload or a world size below 1.
    """
    return transfer_of(op, payload_bytes, workers, constants).time_s(link)


def _round_trips(op: str, steps: int, constants: Constants) -> float:
    """Return the round trips of a call; in a tree all receivers say at once that they are ready."""
    if op == "broadcast":
        return steps / 2 + constants.message_round_trips - 0.5
    return steps * constants.message_round_trips
