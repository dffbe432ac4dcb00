"""A worker's link to the others: its rate in both directions and the round trip, read from a text. Torch-free."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from rsbench.errors import RsbenchError, did_you_mean
from rsbench.units import link_speed_text, significant

_RATE: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?([kmgt]?)(?:bit(?:/s)?|bps)", re.ASCII | re.IGNORECASE)
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(us|ms|s)", re.ASCII | re.IGNORECASE)
_FACTORS: Final = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_SECONDS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
SLOWEST_BITS_PER_S, FASTEST_BITS_PER_S = 1e3, 1e13
LONGEST_ROUND_TRIP_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Link:
    """What connects a worker to a switch that is never the bottleneck.

    Attributes:
        name: of a preset, empty for a link that is given by its numbers.
        down_bits_per_s: towards the worker, bit/s on the wire (headers included).
        up_bits_per_s: from the worker, likewise.
        round_trip_s: what ``ping`` between two workers on such links shows, in seconds, beside the time of the bytes.
        source: of a preset's numbers.
    """

    name: str = ""
    down_bits_per_s: float
    up_bits_per_s: float
    round_trip_s: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what no link has.

        Raises:
            RsbenchError: a rate or a round trip out of range.
        """
        for rate in (self.down_bits_per_s, self.up_bits_per_s):
            if not SLOWEST_BITS_PER_S <= rate <= FASTEST_BITS_PER_S:
                raise RsbenchError(f"A link of {rate:g} bit/s is out of range: give 1kbit to 10tbit.")
        if not 0 <= self.round_trip_s <= LONGEST_ROUND_TRIP_S:
            raise RsbenchError(f"A latency of {self.round_trip_s:g} s is out of range: a round trip takes 0 to 60 s.")

    @property
    def bits_per_s(self) -> float:
        """The slower direction: in a ring each worker sends as much as it receives."""
        return min(self.down_bits_per_s, self.up_bits_per_s)

    @property
    def text(self) -> str:
        """The canonical text, which :func:`parse_link` reads: ``50mbit``, ``geo``, ``50mbit:up=5mbit,latency=40ms``."""
        base = PRESETS.get(self.name)
        if base is None:
            base = Link(down_bits_per_s=self.down_bits_per_s, up_bits_per_s=self.down_bits_per_s)
        head = self.name if self.name in PRESETS else rate_text(self.down_bits_per_s)
        values = []
        if self.name in PRESETS and self.down_bits_per_s != base.down_bits_per_s:
            values.append(f"down={rate_text(self.down_bits_per_s)}")
        if self.up_bits_per_s != base.up_bits_per_s:
            values.append(f"up={rate_text(self.up_bits_per_s)}")
        if self.round_trip_s != base.round_trip_s:
            values.append(f"latency={1000 * self.round_trip_s:.9g}ms")
        return head + (f":{','.join(values)}" if values else "")

    @property
    def title(self) -> str:
        """What tables call it: ``geo: 48 Mbit/s down, 4.4 Mbit/s up, 680 ms round trip``."""
        speed = link_speed_text(self.down_bits_per_s)
        if self.up_bits_per_s != self.down_bits_per_s:
            speed += f" down, {link_speed_text(self.up_bits_per_s)} up"
        if self.round_trip_s:
            speed += f", {significant(1000 * self.round_trip_s)} ms round trip"
        return f"{self.name}: {speed}" if self.name else speed


def rate_text(bits_per_s: float) -> str:
    """Return 5e7 as ``50mbit``."""
    for unit in ("t", "g", "m", "k"):
        if bits_per_s >= _FACTORS[unit]:
            return f"{bits_per_s / _FACTORS[unit]:.9g}{unit}bit"
    return f"{bits_per_s:.9g}bit"


def read_rate(text: str) -> float:
    """Return the bit/s that ``50mbit``, ``10Mbit/s`` or ``1gbit`` stand for.

    Raises:
        RsbenchError: says what rates look like.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise RsbenchError(f'The link speed "{text}" cannot be read: write 50mbit, 10Mbit/s or 1gbit.')
    return float(match[1]) * _FACTORS[match[2].lower()]


def read_latency(text: str) -> float:
    """Return the seconds that ``600ms``, ``0.6s`` or ``50us`` stand for.

    Raises:
        RsbenchError: says what a latency looks like.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise RsbenchError(f'The latency "{text}" cannot be read: write 600ms, 0.6s or 50us, for a round trip.')
    return float(match[1]) * _SECONDS[match[2].lower()]


def parse_link(text: str) -> Link:
    """Return the link that a text names.

    Args:
        text: a rate or a preset, and what differs from it: ``50mbit``, ``geo``, ``leo:latency=80ms``,
            ``100mbit:up=20mbit,latency=30ms``.

    Raises:
        RsbenchError: one sentence that says what cannot be read and what could stand there.
    """
    head, colon, tail = text.strip().partition(":")
    preset = PRESETS.get(head.strip().lower())
    if preset is None and head[:1].isalpha():
        raise RsbenchError(
            f'There is no link "{head}".{did_you_mean(head, PRESETS)} Presets are {", ".join(PRESETS)}; or write a '
            "rate, such as 50mbit."
        )
    if preset is None:
        rate = read_rate(head)
        preset = Link(down_bits_per_s=rate, up_bits_per_s=rate)
    return replace(preset, **_values(tail, text)) if colon else preset


def _values(tail: str, text: str) -> dict[str, Any]:
    """Return the fields that ``up=5mbit,latency=40ms`` sets."""
    readers = {
        "down": ("down_bits_per_s", read_rate),
        "up": ("up_bits_per_s", read_rate),
        "latency": ("round_trip_s", read_latency),
    }
    values: dict[str, Any] = {}
    for part in tail.split(","):
        key, equals, value = part.partition("=")
        key = key.strip()
        if key not in readers or not equals:
            raise RsbenchError(
                f'The link "{text}" cannot be read at "{part.strip()}": after the colon stand down=RATE, up=RATE or '
                f"latency=TIME, separated by commas.{did_you_mean(key, readers)}"
            )
        field, read = readers[key]
        values[field] = read(value)
    return values


PRESETS: Final[dict[str, Link]] = {
    link.name: link
    for link in (
        Link(
            name="leo",
            down_bits_per_s=105e6,
            up_bits_per_s=15e6,
            round_trip_s=0.045,
            source="Ookla, Starlink in the United States, June 2025: medians of Speedtest, first quarter of 2025",
        ),
        Link(
            name="geo",
            down_bits_per_s=48e6,
            up_bits_per_s=4.4e6,
            round_trip_s=0.683,
            source="Ookla, Starlink in the United States, June 2025: medians of HughesNet, first quarter of 2025",
        ),
        Link(
            name="4g",
            down_bits_per_s=21e6,
            up_bits_per_s=7e6,
            round_trip_s=0.063,
            source="Opensignal, USA Mobile Network Experience Report, January 2019: means of Verizon's 4G",
        ),
        Link(
            name="wifi",
            down_bits_per_s=100e6,
            up_bits_per_s=100e6,
            round_trip_s=0.005,
            source="IEEE Std 802.11n-2009, 300 Mbit/s (40 MHz, two streams) on the air; a third of it for a "
            "worker, since all share one channel, and 5 ms are our assumption",
        ),
    )
}
"""Links by name, each with the source of its numbers."""

WIRED: Final[dict[str, str]] = {
    "100mbit": "IEEE Std 802.3, 100BASE-TX, full duplex",
    "1gbit": "IEEE Std 802.3, 1000BASE-T, full duplex",
    "10gbit": "IEEE Std 802.3, 10GBASE-T, full duplex",
}
"""Rates of wires, read as any other rate, with their source: both directions at once, latency left out."""
