"""Vector instructions that take a gradient in: check, accumulate, leave zeros and compare, 32 elements in one walk.

A loop for each of these would read every part of the gradient from the cache again; together they take what the
traffic to memory takes. Elements that are inf or nan count as 0, so that they never reach a memory. Magnitudes are
compared as integers, the bit patterns without the sign, which order float32 as their values do. LLVM lowers the vectors
for any processor.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rsbench.compressors.kernels.vectors import pointer, splat

GROUP = 32
"""Elements at a time: as many as a word has bits."""
NOTHING, ADD, MOMENTUM, NESTEROV = range(4)
"""What is done with a gradient: none is there, v + g, momentum correction, Nesterov's."""
_WORD, _DOUBLE, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
_WORDS, _FLOATS = ir.VectorType(_WORD, GROUP), ir.VectorType(_FLOAT, GROUP)
_ZEROS = ir.Constant(_FLOATS, [0.0] * GROUP)
_NO_SIGN, _INFINITE = (ir.Constant(_WORDS, [bits] * GROUP) for bits in (0x7FFFFFFF, 0x7F800000))


def _magnitudes(builder: Any, values: Any) -> Any:
    return builder.and_(builder.bitcast(values, _WORDS), _NO_SIGN)


def _new_memory(builder: Any, rule: int, m: Any, g: Any, u: Any, v: Any) -> tuple[Any, Any]:
    """Return u and v after a gradient, as ``Residual.accumulate``; a product and a sum may be rounded once (FMA)."""
    if rule == ADD:
        return None, builder.fadd(v, g)
    if rule == MOMENTUM:
        u = builder.fadd(builder.fmul(m, u, flags=("contract",)), g, flags=("contract",))
        return u, builder.fadd(v, u)
    u = builder.fmul(m, builder.fadd(u, g))
    return u, builder.fadd(v, builder.fadd(u, g, flags=("contract",)))


def _take_in(rule: int) -> Any:
    """Return the intrinsic ``(m, g, u, v, at, limit) -> uint64`` of a rule.

    It takes ``g[at : at + 32]`` into u and v and leaves zeros there. The lowest 32 bits of what it returns say where
    |v| is above the bit pattern ``limit`` (int32), the rest is not 0 if an element of g was inf or nan.
    """

    @intrinsic
    def take_in(typingctx: Any, m: Any, g: Any, u: Any, v: Any, at: Any, limit: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            def vector(position: int) -> Any:
                return pointer(context, builder, signature.args[position], args[position], args[4], _FLOATS)

            given = vector(1)
            gradient = builder.load(given, align=4)
            infinite = builder.icmp_signed(">=", _magnitudes(builder, gradient), _INFINITE)
            gradient = builder.select(infinite, _ZEROS, gradient)
            velocity = None if rule == ADD else builder.load(vector(2), align=4)
            factor = None if rule == ADD else splat(builder, args[0], _FLOATS)
            residual = builder.load(vector(3), align=4)
            velocity, residual = _new_memory(builder, rule, factor, gradient, velocity, residual)
            if velocity is not None:
                builder.store(velocity, vector(2), align=4)
            builder.store(residual, vector(3), align=4)
            builder.store(_ZEROS, given, align=4)
            above = builder.icmp_signed(">", _magnitudes(builder, residual), splat(builder, args[5], _WORDS))
            bad = builder.icmp_unsigned("!=", builder.bitcast(infinite, _WORD), _WORD(0))
            high = builder.shl(builder.zext(bad, _DOUBLE), _DOUBLE(GROUP))
            return builder.or_(high, builder.zext(builder.bitcast(above, _WORD), _DOUBLE))

        return types.uint64(types.float32, g, u, v, types.intp, types.int32), generate

    return take_in


take_in_add: Any = _take_in(ADD)
take_in_momentum: Any = _take_in(MOMENTUM)
take_in_nesterov: Any = _take_in(NESTEROV)
"""Called from compiled code only, without the typing context."""


@intrinsic
def _look(typingctx: Any, v: Any, at: Any, limit: Any) -> Any:
    """Return a uint32 whose bits say which of ``v[at : at + 32]`` have a magnitude above the bit pattern ``limit``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = pointer(context, builder, signature.args[0], args[0], args[1], _FLOATS)
        values = _magnitudes(builder, builder.load(start, align=4))
        return builder.bitcast(builder.icmp_signed(">", values, splat(builder, args[2], _WORDS)), _WORD)

    return types.uint32(v, types.intp, types.int32), generate


@intrinsic
def _magnitude_bits(typingctx: Any, value: Any) -> Any:
    """Return the bit pattern of a float32 without its sign, as int32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.and_(builder.bitcast(args[0], _WORD), _WORD(0x7FFFFFFF))

    return types.int32(types.float32), generate


@intrinsic
def _from_bits(typingctx: Any, bits: Any) -> Any:
    """Return the float32 of a bit pattern."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], _FLOAT)

    return types.float32(types.int32), generate


look: Any = _look
magnitude_bits: Any = _magnitude_bits
from_bits: Any = _from_bits
