"""From options to links."""

from __future__ import annotations

import pytest

from rsbench.cli.request import links_of
from rsbench.errors import RsbenchError


@pytest.mark.parametrize(
    ("links", "others", "expected"),
    [
        ((), (), (None,)),
        (("none",), (), (None,)),
        (("50Mbit/s", "none", "1gbit"), (), ("50mbit", None, "1gbit")),
        (("50mbit", "50Mbit/s"), (), ("50mbit",)),
        (("50mbit", "None", "geo"), ("3=10mbit", "1=leo"), ("50mbit;1=leo;3=10mbit", None, "geo;1=leo;3=10mbit")),
    ],
)
def test_links(links: tuple[str, ...], others: tuple[str, ...], expected: tuple[str | None, ...]) -> None:
    assert links_of(links, others) == expected


@pytest.mark.parametrize("links", [(), ("none",)])
def test_a_link_of_one_worker_needs_one_of_all(links: tuple[str, ...]) -> None:
    with pytest.raises(RsbenchError, match="add --link, such as 50mbit"):
        links_of(links, ("1=10mbit",))
