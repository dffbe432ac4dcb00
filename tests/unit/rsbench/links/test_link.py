from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.link import PRESETS, WIRED, Link, parse_link


@pytest.mark.parametrize(
    ("text", "canonical", "down", "up", "round_trip"),
    [
        ("50mbit", "50mbit", 5e7, 5e7, 0.0),
        ("10Mbit/s", "10mbit", 1e7, 1e7, 0.0),
        ("1.5Gbps", "1.5gbit", 1.5e9, 1.5e9, 0.0),
        ("2000kbit", "2mbit", 2e6, 2e6, 0.0),
        ("100mbit:up=5mbit,latency=40ms", "100mbit:up=5mbit,latency=40ms", 1e8, 5e6, 0.04),
        ("100mbit:latency=0.6s", "100mbit:latency=600ms", 1e8, 1e8, 0.6),
        ("geo:latency=1s", "geo:latency=1000ms", PRESETS["geo"].down_bits_per_s, PRESETS["geo"].up_bits_per_s, 1.0),
        ("LEO", "leo", PRESETS["leo"].down_bits_per_s, PRESETS["leo"].up_bits_per_s, PRESETS["leo"].round_trip_s),
    ],
)
def test_a_link_is_read_and_its_text_is_read_again(
    text: str, canonical: str, down: float, up: float, round_trip: float
) -> None:
    link = parse_link(text)
    assert (link.down_bits_per_s, link.up_bits_per_s, link.round_trip_s) == (down, up, round_trip)
    assert link.text == canonical
    assert parse_link(link.text) == link


def test_the_slower_direction_counts() -> None:
    assert Link(down_bits_per_s=1e8, up_bits_per_s=5e6).bits_per_s == 5e6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("goe", 'no link "goe". Did you mean "geo"'),
        ("50", "write 50mbit"),
        ("50mbit:delay=3ms", "latency=TIME"),
        ("50mbit:latency=3", "write 600ms"),
        ("1bit", "out of range"),
        ("50mbit:latency=100s", "round trip takes 0 to 60 s"),
        ("", "cannot be read"),
    ],
)
def test_what_is_no_link_is_refused_with_what_could_stand_there(text: str, words: str) -> None:
    with pytest.raises(RsbenchError) as caught:
        parse_link(text)
    assert words in str(caught.value)


def test_named_links_have_a_source_and_wires_are_read_as_rates() -> None:
    assert all(link.source and link.name == name for name, link in PRESETS.items())
    rates = {name: parse_link(name).bits_per_s for name in WIRED}
    assert rates == {"100mbit": 1e8, "1gbit": 1e9, "10gbit": 1e10}
    assert all(WIRED.values())
