"""Vector instructions of inner loops over scores: sums over blocks of nine, and which scores are high.

Most convolutions have 3 x 3 kernels, so that neighbourhoods of nine elements lie in a row. A plain loop over
rows of nine is not vectorised by LLVM and takes as long as reading the gradient from memory; here eight rows are loaded
as nine vectors, of which shuffles make sums of three and of these sums of nine, which takes about a third of that. Few
of many scores are above a threshold; comparing 32 at once gives a word whose bits say which. LLVM lowers both for any
processor.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rsbench.compressors.kernels.vectors import pointer, splat

LANES = 8
"""Rows at a time: the width of a vector."""
ROW = 9
"""Elements of a row."""


def _column(builder: Any, loaded: list[Any], column: int, vector: Any) -> Any:
    """Return elements ``column`` of the eight rows: lane j stands at r j + column of the r vectors loaded."""
    integers = ir.VectorType(ir.IntType(32), LANES)
    places = [divmod(len(loaded) * lane + column, LANES) for lane in range(LANES)]
    gathered = ir.Constant(vector, ir.Undefined)
    for source, values in enumerate(loaded):
        mask = [LANES + at if held == source else lane for lane, (held, at) in enumerate(places)]
        if any(entry >= LANES for entry in mask):
            gathered = builder.shuffle_vector(gathered, values, ir.Constant(integers, mask))
    return gathered


def _sum(builder: Any, terms: list[Any]) -> Any:
    """Return the sum of three vectors."""
    x, y, z = terms
    return builder.fadd(builder.fadd(x, y, flags=("fast",)), z, flags=("fast",))


@intrinsic
def _add_up(typingctx: Any, v: Any, start: Any, magnitudes: Any, values: Any, squares: Any, first: Any) -> Any:
    """Write sums of |x|, x and x^2 of eight rows ``v[start + 9 j : start + 9 j + 9]`` to entries ``first + j``.

    Args:
        typingctx: numba's.
        v: float32, contiguous.
        start: first element.
        magnitudes: float32, contiguous, gets the sums of |x|.
        values: float32, contiguous, gets the sums of x.
        squares: float32, contiguous, gets the sums of x^2.
        first: first entry written.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        integers = ir.VectorType(ir.IntType(32), LANES)
        vector = ir.VectorType(ir.FloatType(), LANES)
        no_sign = ir.Constant(integers, [0x7FFFFFFF] * LANES)

        def at(position: int, offset: Any) -> Any:
            return pointer(context, builder, signature.args[position], args[position], offset, vector)

        base = at(0, args[1])
        loaded = [builder.load(builder.gep(base, [ir.IntType(32)(i)]), align=4) for i in range(ROW)]
        threes: list[list[Any]] = [[], [], []]
        for group in range(0, ROW, 3):
            x = [_column(builder, loaded[group : group + 3], column, vector) for column in range(3)]
            magnitudes = [builder.bitcast(builder.and_(builder.bitcast(e, integers), no_sign), vector) for e in x]
            squares = [builder.fmul(e, e, flags=("fast",)) for e in x]
            for sums, terms in zip(threes, (magnitudes, x, squares), strict=True):
                sums.append(_sum(builder, terms))
        totals = [_sum(builder, [_column(builder, sums, c, vector) for c in range(3)]) for sums in threes]
        for position, total in zip((2, 3, 4), totals, strict=True):
            builder.store(total, at(position, args[5]), align=4)
        return context.get_dummy_value()

    return types.void(v, types.intp, magnitudes, values, squares, types.intp), generate


@intrinsic
def _add_threes(typingctx: Any, columns: Any, start: Any, sums: Any, first: Any) -> Any:
    """Write ``columns[start + 3 j]`` and the two behind it, added up, to ``sums[first + j]``, j in 0..7.

    Args:
        typingctx: numba's.
        columns: float32, contiguous.
        start: first element.
        sums: float32, contiguous.
        first: first entry written.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(ir.FloatType(), LANES)

        def at(position: int, offset: Any) -> Any:
            return pointer(context, builder, signature.args[position], args[position], offset, vector)

        base = at(0, args[1])
        loaded = [builder.load(builder.gep(base, [ir.IntType(32)(i)]), align=4) for i in range(3)]
        total = _sum(builder, [_column(builder, loaded, column, vector) for column in range(3)])
        builder.store(total, at(2, args[3]), align=4)
        return context.get_dummy_value()

    return types.void(columns, types.intp, sums, types.intp), generate


add_threes: Any = _add_threes
add_up: Any = _add_up
"""Called from compiled code only, without the typing context."""
SCAN = 32
"""Scores compared at a time."""


@intrinsic
def _above(typingctx: Any, scores: Any, start: Any, threshold: Any) -> Any:
    """Return a uint32 whose bit i is set where ``scores[start + i] > threshold``, i in 0..31.

    Args:
        typingctx: numba's.
        scores: float32, contiguous.
        start: first of 32 entries.
        threshold: float32.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(ir.FloatType(), SCAN)
        values = builder.load(pointer(context, builder, signature.args[0], args[0], args[1], vector), align=4)
        higher = builder.fcmp_ordered(">", values, splat(builder, args[2], vector))
        return builder.bitcast(higher, ir.IntType(32))

    return types.uint32(scores, types.intp, types.float32), generate


@intrinsic
def _lowest_bit(typingctx: Any, bits: Any) -> Any:
    """Return the position of the lowest bit that is set in a uint32 above 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.IntType(1)(1))

    return types.uint32(types.uint32), generate


@intrinsic
def _ones(typingctx: Any, bits: Any) -> Any:
    """Return how many bits of a uint32 are set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint32(types.uint32), generate


above: Any = _above
lowest_bit: Any = _lowest_bit
ones: Any = _ones
