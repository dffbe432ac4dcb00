"""Pieces of vector instructions that all of them are made of: LLVM's, not numba's."""

from __future__ import annotations

from typing import Any

from llvmlite import ir


def splat(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    """Return a vector of one value."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, one, zeros)


def pointer(context: Any, builder: Any, kind: Any, array: Any, start: Any, vector: ir.VectorType) -> Any:
    """Return where the vector of an array's elements from ``start`` on lies.

    Args:
        context: numba's.
        builder: LLVM's.
        kind: numba's type of the array.
        array: contiguous.
        start: first element.
        vector: its type.
    """
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [start]), vector.as_pointer())
