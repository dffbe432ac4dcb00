"""What the options on links ask."""

from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.asked import NOTHING_ASKED, read_asked


def test_a_latency_is_of_the_links_that_name_none() -> None:
    asked = read_asked(["geo", "10Mbit/s", "1gbit:latency=0s", "50mbit:latency=5ms"], "600ms")
    assert [link.round_trip_s for link in asked.links] == [0.683, 0.6, 0.0, 0.005]
    assert asked.contact is None


def test_links_are_asked_once() -> None:
    asked = read_asked(["10mbit", "10Mbit/s"], contact="8m/95m")
    assert [link.text for link in asked.links] == ["10mbit"]
    assert asked.contact is not None and asked.contact.visible_s == 480


def test_nothing_asked() -> None:
    assert read_asked([]) == NOTHING_ASKED


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], "600ms"), "--latency is of a link"),
        (([], None, "8m/95m"), "--contact is of a link"),
        ((["geo"], "600ms"), "for links that name none"),
        ((["10mbit"], "600"), "write 600ms"),
        ((["10mbit"], None, "8m"), "write 8m/95m"),
        ((["mars"],), 'no link "mars"'),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(RsbenchError) as caught:
        read_asked(*arguments)  # type: ignore[arg-type]
    assert words in str(caught.value)
