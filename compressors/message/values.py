"""Values in a message: float32 as they are, or fp16, bf16 or int8 with one float32 scale a tensor."""

from __future__ import annotations

import torch

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "int8": torch.int8}
"""Name of the option ``values`` -> dtype."""
_SMALLEST = 2.0**-126
_LARGEST = 127  # exponent; 2^128 is inf in float32
LEVELS = 127
"""Levels of a magnitude in int8."""


def encode(values: torch.Tensor, into: torch.Tensor, scale: torch.Tensor | None) -> None:
    """Write values into a message.

    With a scale s: ``into = round(x / s)``. For floats s is the smallest power of two that is not below max |x|, so
    that ``x - s * into`` is exact in float32 and can be kept in the residual without another rounding error. For int8
    s is max |x| / 127, and a value misses by s / 2 at most (ours: chosen values are large, so that few levels do).

    Args:
        values: float32 (or the dtype of ``into``), any shape.
        into: view of the message, same shape, float32, float16, bfloat16 or int8.
        scale: view of the message, float32, shape [1]; None leaves the values as they are.
    """
    if scale is None:
        into.copy_(values)
        return
    largest = values.abs().amax()
    if into.dtype == torch.int8:
        scale.copy_(largest.clamp_(min=_SMALLEST * LEVELS, max=torch.finfo(torch.float32).max) / LEVELS)
        into.copy_((values / scale).clamp_(-LEVELS, LEVELS).round_())
        return
    exponent = torch.frexp(largest.clamp_(min=_SMALLEST)).exponent.clamp_(max=_LARGEST)
    scale.copy_(torch.ldexp(torch.ones_like(scale), exponent))
    into.copy_(values / scale)


def decode(data: torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
    """Return the float32 values that :func:`encode` wrote, ``s * data``; shape of ``data``."""
    return data.float() if scale is None else data.float() * scale
