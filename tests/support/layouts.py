"""Layouts of every kind, and strategies that draw them."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from rsbench.compressors.blocks.layout import Layout, dense, elements, kernel_slices, tiles

LAYOUTS = [
    kernel_slices((4, 3, 3, 3), 3),
    kernel_slices((2, 3, 5, 5), 3),
    tiles((7, 11), 3),
    tiles((6, 9), 3),
    tiles((2, 2), 3),
    tiles((5, 4, 3), 2),
    elements((13,)),
]


def members(layout: Layout) -> list[list[int]]:
    """Flat positions of each block, by plain loops."""
    if not layout.tile:
        return [list(range(j * layout.block, (j + 1) * layout.block)) for j in range(layout.blocks)]
    p, found = layout.tile, []
    for top in range(0, layout.rows, p):
        for left in range(0, layout.cols, p):
            rows, cols = range(top, min(top + p, layout.rows)), range(left, min(left + p, layout.cols))
            found.append([r * layout.cols + c for r in rows for c in cols])
    return found


modest = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
sides = st.integers(1, 13)
shapes = st.one_of(
    st.tuples(sides, sides),
    st.tuples(sides, sides, sides),
    st.tuples(sides, sides, st.just(3), st.just(3)),
    st.tuples(sides),
)
densities = st.floats(1e-4, 1.0)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    shape = draw(shapes)
    if len(shape) == 1:
        return draw(st.sampled_from([dense, elements]))(shape)
    made = draw(st.sampled_from([elements(shape), tiles(shape, 2), tiles(shape, 3), kernel_slices(shape, 3)]))
    return made.with_values(2, scaled=True) if draw(st.booleans()) else made
