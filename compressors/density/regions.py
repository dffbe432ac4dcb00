"""How the blocks of a bucket are shared out over the ranks, each of which adds up what is sent of its own. Torch-free.

The blocks of a tensor are dealt out in turn: of m parts, part i holds the blocks i, i + m, i + 2 m, ..., so that large
blocks, which stand together, come to all parts alike. A part sends a fixed number of blocks, so that capacities follow
from shapes and counts alone.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from rsbench.compressors.blocks.layout import VALUE_BYTES, Layout
from rsbench.compressors.density.allocation import HEADER_BYTES


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlikeParts:
    """Neighbouring parts of a tensor that are alike.

    Attributes:
        first: number of the first of them.
        parts: how many they are.
        stride: how many the tensor has.
        layout: of each part, as a tensor of its own: rows of its blocks, or single elements that are sent whole.
        count: blocks that each sends.
    """

    first: int
    parts: int
    stride: int
    layout: Layout
    count: int

    @property
    def result(self) -> Layout:
        """The layout of the part's sum, which is float32 whatever was sent, so that no rounding is lost."""
        return dataclasses.replace(self.layout, value_bytes=VALUE_BYTES, scaled=False)


def _part(layout: Layout, units: int, *, whole: bool) -> Layout:
    """Return the layout of so many blocks of a tensor; of so many elements where it is sent whole."""
    if whole:
        return dataclasses.replace(
            layout, shape=(units,), compressed=False, blocks=1, block=units, rows=1, cols=units, tile=0
        )
    shape = (units * layout.block,)
    return dataclasses.replace(layout, shape=shape, blocks=units, rows=units, cols=layout.block, tile=0)


def cut(layout: Layout, count: int, workers: int) -> list[AlikeParts]:
    """Cut a tensor into as many parts as there are ranks, or as blocks are sent if those are fewer.

    Args:
        layout: of the tensor.
        count: blocks that are sent of it; where it is sent whole its elements are dealt out.
        workers: world size W.

    Returns:
        All parts in order; their counts add up to ``count`` and differ by at most 1, as their sizes do.
    """
    whole = layout.whole(count)
    units, sent = (layout.numel, layout.numel) if whole else (layout.blocks, count)
    parts = min(workers, sent)
    edges = sorted({0, units % parts, sent % parts, parts})
    return [
        AlikeParts(
            first=low,
            parts=high - low,
            stride=parts,
            layout=_part(layout, units // parts + (low < units % parts), whole=whole),
            count=sent // parts + (low < sent % parts),
        )
        for low, high in itertools.pairwise(edges)
    ]


def deal(layouts: Sequence[Layout], counts: Sequence[int], workers: int) -> Iterator[tuple[int, int, AlikeParts]]:
    """Deal the parts of a bucket's tensors out to the ranks, from where the surplus of the tensor before ended.

    Args:
        layouts: of the tensors, in the order of their registration.
        counts: blocks sent of each.
        workers: world size W.

    Yields:
        Number of a tensor; the rank of the first part, which the next ranks' follow round and round; the parts.
    """
    start = 0
    for number, (layout, count) in enumerate(zip(layouts, counts, strict=True)):
        for parts in cut(layout, count, workers):
            yield number, (start + parts.first) % workers, parts
        start = (start + (layout.numel if layout.whole(count) else count)) % workers


def message_bytes(layouts: Sequence[Layout], counts: Sequence[int], workers: int) -> tuple[int, int]:
    """Return the bytes that a rank hands over of a bucket: all ranks' parts, and the sum of its own, as the longest is.

    Args:
        layouts: of the bucket's tensors, in the order of their registration.
        counts: blocks sent of each.
        workers: world size W.
    """
    sent, changes = 0, [0] * (workers + 1)
    for _, rank, parts in deal(layouts, counts, workers):
        sent += parts.parts * parts.layout.sparse_bytes(parts.count)
        size, end = parts.result.sparse_bytes(parts.count), rank + parts.parts
        for low, high in ((rank, min(end, workers)), (0, end - workers)):
            if high > low:
                changes[low] += size
                changes[high] -= size
    most = held = 0
    for change in changes:
        held += change
        most = max(most, held)
    return HEADER_BYTES * workers + sent, HEADER_BYTES + most
