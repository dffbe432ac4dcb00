from __future__ import annotations

import pytest

from rsbench.links.collective_time import collective_s
from rsbench.links.link import Link
from rsbench.links.tiers import Nodes

FAST = Link(down_bits_per_s=2e11, up_bits_per_s=2e11)
SLOW = Link(down_bits_per_s=1e9, up_bits_per_s=1e9)


def test_single_workers_have_the_link_between_nodes_only() -> None:
    one = Nodes(per_node=1, inside=FAST)
    assert one.collective_s("all_reduce", 4e6, 16, SLOW) == collective_s("all_reduce", 4e6, 16, SLOW)


def test_one_node_has_the_links_inside_only() -> None:
    eight = Nodes(per_node=8, inside=FAST)
    assert eight.collective_s("all_gather", 4e4, 8, SLOW) == collective_s("all_gather", 4e4, 8, FAST)


def test_a_sum_passes_the_link_between_nodes_once_a_node() -> None:
    found = Nodes(per_node=8, inside=FAST).collective_s("all_reduce", 4e6, 32, SLOW)
    assert found == pytest.approx(collective_s("all_reduce", 4e6, 8, FAST) + collective_s("all_reduce", 4e6, 4, SLOW))


def test_a_gather_passes_the_messages_of_all_workers_of_a_node() -> None:
    found = Nodes(per_node=8, inside=FAST).collective_s("all_gather", 4e4, 32, SLOW)
    inside = collective_s("all_gather", 4e4, 8, FAST) + collective_s("broadcast", 3 * 8 * 4e4, 8, FAST)
    assert found == pytest.approx(inside + collective_s("all_gather", 8 * 4e4, 4, SLOW))
