from __future__ import annotations

import pytest

from rsbench.errors import RsbenchError
from rsbench.links.worker_links import parse_worker_links


def test_single_ranks_may_have_links_of_their_own() -> None:
    links = parse_worker_links("50Mbit/s;3=10mbit;1=geo")
    assert [links.of(rank).text for rank in range(4)] == ["50mbit", "geo", "50mbit", "10mbit"]
    assert links.text == "50mbit;1=geo;3=10mbit"
    assert parse_worker_links(links.text) == links


@pytest.mark.parametrize("text", ["50mbit;3", "50mbit;x=10mbit", "50mbit;1=1gbit;1=2gbit"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(RsbenchError, match=r"[wW]orker"):
        parse_worker_links(text)
