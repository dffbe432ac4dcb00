"""What a compressor must be to carry parameter differences, between rounds of local steps, instead of gradients."""

from __future__ import annotations

import dataclasses

from rsbench.compressors.base.compressor import Compressor
from rsbench.compressors.base.momentum import MomentumCompressor
from rsbench.errors import RsbenchError

MOMENTUM_OPTIONS = ("momentum_masking", "masking_density", "nesterov")
"""Options of a momentum that a compressor keeps itself."""
NOTE = "In rounds the local optimizers own momentum: error feedback on the difference, without momentum correction"


def check_differences(compressor: Compressor) -> None:
    """Refuse a compressor whose rounds would not be what a user means.

    Args:
        compressor: that is to carry differences; its own momentum must be 0 or not told yet.

    Raises:
        RsbenchError: it exchanges nothing, or is to keep a momentum, which in rounds the local optimizers own.
    """
    if compressor.collective == "none":
        raise RsbenchError(
            f"{compressor.name} exchanges nothing, so workers that train in rounds would never agree: take it with "
            "--sync steps, or another compressor."
        )
    if not isinstance(compressor, MomentumCompressor):
        return
    defaults = {field.name: field.default for field in dataclasses.fields(compressor)}
    given = [name for name in MOMENTUM_OPTIONS if getattr(compressor, name) != defaults[name]]
    if given:
        raise RsbenchError(
            f"{compressor.text} asks for {given[0]}, which is about a momentum of the compressor's own, but in rounds "
            "the local optimizers keep the momentum: leave it out, or take --sync steps."
        )
    if compressor.clip_norm:
        raise RsbenchError(
            f"{compressor.text} asks for clip_norm, which limits a gradient and not a parameter difference: leave it "
            "out, and clip local gradients instead (--clip-norm)."
        )
    if compressor.momentum:
        raise RsbenchError(
            f"This {compressor.name} compressor was told momentum={compressor.momentum:g}, but in rounds the local "
            "optimizers keep the momentum: give it to them alone, and leave param_groups out."
        )
