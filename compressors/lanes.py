"""Sums over eight neighbouring blocks of nine elements at once, as vector instructions for :mod:`.compiled`.

Most convolutions have 3 x 3 kernels, so that neighbourhoods of nine elements lie in a row. A plain loop over
rows of nine is not vectorised by LLVM and takes as long as reading the gradient from memory; here eight rows are loaded
as nine vectors and turned into columns by shuffles, which takes about half of that. LLVM lowers the shuffles for any
processor.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 8
"""Rows at a time."""
ROW = 9
"""Elements of a row."""


def _column(builder: Any, loaded: list[Any], column: int, vector: Any) -> Any:
    """Elements ``column`` of the eight rows as one vector: lane j stands at 9 j + column of what was loaded."""
    numbers = ir.VectorType(ir.IntType(32), LANES)
    places = [divmod(ROW * lane + column, LANES) for lane in range(LANES)]
    found = ir.Constant(vector, ir.Undefined)
    for source, values in enumerate(loaded):
        mask = [LANES + at if held == source else lane for lane, (held, at) in enumerate(places)]
        if any(entry >= LANES for entry in mask):
            found = builder.shuffle_vector(found, values, ir.Constant(numbers, mask))
    return found


@intrinsic
def _add_up(typingctx: Any, v: Any, start: Any, magnitudes: Any, values: Any, squares: Any, first: Any) -> Any:
    """Write sums of |x|, x and x^2 of eight rows ``v[start + 9 j : start + 9 j + 9]`` to entries ``first + j``.

    Args:
        typingctx: numba's.
        v: float32, contiguous.
        start: first element.
        magnitudes: float32, contiguous, gets the sums of |x|.
        values: likewise, sums of x.
        squares: likewise, sums of x^2.
        first: first entry written.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        integers = ir.VectorType(ir.IntType(32), LANES)
        vector = ir.VectorType(ir.FloatType(), LANES)
        no_sign = ir.Constant(integers, [0x7FFFFFFF] * LANES)

        def pointer(position: int, offset: Any) -> Any:
            array = context.make_array(signature.args[position])(context, builder, args[position])
            return builder.bitcast(builder.gep(array.data, [offset]), vector.as_pointer())

        base = pointer(0, args[1])
        loaded = [builder.load(builder.gep(base, [ir.IntType(32)(i)]), align=4) for i in range(ROW)]
        totals: list[Any] = [None, None, None]
        for column in range(ROW):
            x = _column(builder, loaded, column, vector)
            magnitude = builder.bitcast(builder.and_(builder.bitcast(x, integers), no_sign), vector)
            terms = (magnitude, x, builder.fmul(x, x, flags=("fast",)))
            totals = [
                t if s is None else builder.fadd(s, t, flags=("fast",)) for s, t in zip(totals, terms, strict=True)
            ]
        for position, total in zip((2, 3, 4), totals, strict=True):
            builder.store(total, pointer(position, args[5]), align=4)
        return context.get_dummy_value()

    return types.void(v, types.intp, magnitudes, values, squares, types.intp), generate


add_up: Any = _add_up
"""Called from compiled code only, without the typing context."""
