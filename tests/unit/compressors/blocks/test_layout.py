"""Bytes of a layout."""

from __future__ import annotations

from hypothesis import given
from layouts import layouts, modest

from rsbench.compressors.blocks.layout import Layout


@modest
@given(layouts())
def test_bytes_rise_with_the_count_and_can_be_asked_backwards(layout: Layout) -> None:
    sizes = [layout.sparse_bytes(count) for count in range(1, layout.blocks + 1)]
    assert sizes == sorted(sizes)
    assert all(size <= layout.whole_bytes <= layout.dense_bytes for size in sizes)
    for count in {1, (layout.blocks + 1) // 2, layout.blocks}:
        most = layout.most_blocks(sizes[count - 1])
        assert sizes[most - 1] == sizes[count - 1]
        assert layout.most_blocks(sizes[0] - 1) == 0
