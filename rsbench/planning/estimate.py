"""What a run will send and hold, worked out before it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from rsbench.compressors.base.planned_collective import PlannedCollective


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run will send and hold.

    Attributes:
        payload_bytes_per_step: mean over the run, one worker.
        total_payload_bytes: whole run, one worker.
        compression_ratio: dense bytes / payload bytes over the run; inf where nothing is sent.
        wire_ratio: the same with modelled wire bytes.
        memory_bytes_per_worker: weights, gradients, optimizer and compressor state, messages, and what the forward
            pass keeps for the backward pass.
        flops_per_step: floating-point operations of one worker's forward and backward pass.
        uncertain_share: share of the bytes by which the run may miss them, depending on its weights.
        wire_bytes: whole run, one worker, headers included, as modelled.
        collectives: what one worker hands to which collective over the run, and in how many calls.
    """

    payload_bytes_per_step: float
    total_payload_bytes: int
    compression_ratio: float
    wire_ratio: float
    memory_bytes_per_worker: int
    flops_per_step: float
    uncertain_share: float = 0.0
    wire_bytes: float = 0.0
    collectives: Sequence[PlannedCollective] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Estimate:
        """Build an estimate from what ``dataclasses.asdict`` gave, perhaps by way of JSON."""
        return cls(**{**values, "collectives": [PlannedCollective(*one) for one in values.get("collectives", ())]})

    @property
    def ratios(self) -> dict[str, float | None]:
        """The planned ratios under the names that a record's ``traffic`` has for those that were sent."""
        return {"compression_ratio": self.compression_ratio, "wire_ratio": self.wire_ratio}
