"""Vector instructions of signs: 16 of them to bits, and 16 bits to two values that are added. Any processor."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rsbench.compressors.kernels.vectors import pointer, splat

LANES = 16
"""Elements at a time."""
_FLOATS = ir.VectorType(ir.FloatType(), LANES)


@intrinsic
def _take_signs(typingctx: Any, v: Any, start: Any, scale: Any) -> Any:
    """Return a uint16 whose bit i says ``v[start + i] >= 0``; take ``scale`` with that sign out of v there.

    Args:
        typingctx: numba's.
        v: float32, contiguous.
        start: first of 16 elements.
        scale: float32.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = pointer(context, builder, signature.args[0], args[0], args[1], _FLOATS)
        values = builder.load(place, align=4)
        positive = builder.fcmp_ordered(">=", values, ir.Constant(_FLOATS, [0.0] * LANES))
        scales = splat(builder, args[2], _FLOATS)
        sent = builder.select(positive, scales, builder.fneg(scales))
        builder.store(builder.fsub(values, sent), place, align=4)
        return builder.bitcast(positive, ir.IntType(LANES))

    return types.uint16(v, types.intp, types.float32), generate


@intrinsic
def _add_signed(typingctx: Any, total: Any, start: Any, bits: Any, value: Any) -> Any:
    """Add ``value`` to ``total[start + i]`` where bit i of a uint16 is set, ``-value`` elsewhere, i in 0..15.

    Args:
        typingctx: numba's.
        total: float32, contiguous.
        start: first of 16 elements.
        bits: uint16.
        value: float32.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = pointer(context, builder, signature.args[0], args[0], args[1], _FLOATS)
        values = splat(builder, args[3], _FLOATS)
        positive = builder.bitcast(args[2], ir.VectorType(ir.IntType(1), LANES))
        signed = builder.select(positive, values, builder.fneg(values))
        builder.store(builder.fadd(builder.load(place, align=4), signed), place, align=4)
        return context.get_dummy_value()

    return types.void(total, types.intp, types.uint16, types.float32), generate


take_signs: Any = _take_signs
add_signed: Any = _add_signed
"""Called from compiled code only, without the typing context."""
