"""Bytes of a whole run, from shapes alone."""

from __future__ import annotations

import dataclasses

from rsbench.compressors import Compressor
from rsbench.compressors.base.planned_collective import PlannedCollective
from rsbench.compressors.none import NoCompression
from rsbench.planning.probe import ModelFacts
from rsbench.recipe.sync import Sync


def payload_bytes(compressor: Compressor, facts: ModelFacts, steps: int, bucket_cap_mb: float) -> int:
    """Return the payload bytes of so many exchanges, added up over the model's networks and exchanged buffers."""
    buffers = steps * sum(facts.exchanged_buffers)
    networks = facts.networks.values()
    return buffers + sum(compressor.total_payload_bytes(shapes, steps, bucket_cap_mb) for shapes in networks)


def wire_total(compressor: Compressor, facts: ModelFacts, steps: int, workers: int, bucket_cap_mb: float) -> float:
    """Return the modelled bytes that one worker puts on the wire in so many exchanges, over the model's networks."""
    networks = facts.networks.values()
    buffers = sum(planned.wire_bytes(workers) for planned in _planned_buffers(facts, steps))
    return buffers + sum(compressor.total_wire_bytes(shapes, steps, workers, bucket_cap_mb) for shapes in networks)


def _planned_buffers(facts: ModelFacts, steps: int) -> list[PlannedCollective]:
    """Return the averages of buffers that exchanges end with."""
    return [PlannedCollective("all_reduce", steps * size, steps) for size in facts.exchanged_buffers]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A run of one or several phases, in each of which the compressor begins anew; sums are over all of them.

    Attributes:
        facts: the model's shapes.
        phase_steps: local steps of each phase.
        workers: world size W.
        bucket_cap_mb: bucket size of DistributedDataParallel in MiB; each bucket has a header.
        sync: how often workers exchange.
    """

    facts: ModelFacts
    phase_steps: tuple[int, ...]
    workers: int
    bucket_cap_mb: float
    sync: Sync

    @property
    def handed_over(self) -> ModelFacts:
        """What an exchange hands over."""
        return self.facts.handed_over(self.sync)

    @property
    def steps(self) -> int:
        """Local steps."""
        return sum(self.phase_steps)

    @property
    def phase_exchanges(self) -> list[int]:
        """Exchanges of each phase."""
        return [self.sync.exchanges(steps) for steps in self.phase_steps]

    @property
    def exchanges(self) -> int:
        """Exchanges."""
        return sum(self.phase_exchanges)

    @property
    def dense_bytes(self) -> int:
        """Bytes of dense gradients at every step."""
        return self.facts.dense_bytes * self.steps

    @property
    def dense_wire_bytes(self) -> float:
        """Modelled bytes that one worker puts on the wire without compression, with an exchange at every step."""
        dense, cap = NoCompression(), self.bucket_cap_mb
        return sum(wire_total(dense, self.facts, steps, self.workers, cap) for steps in self.phase_steps)

    def payload(self, compressor: Compressor) -> int:
        """Return the payload bytes of one worker."""
        sent, cap = self.handed_over, self.bucket_cap_mb
        return sum(payload_bytes(compressor, sent, exchanges, cap) for exchanges in self.phase_exchanges)

    def wire(self, compressor: Compressor) -> float:
        """Return the modelled bytes that one worker puts on the wire."""
        sent, cap = self.handed_over, self.bucket_cap_mb
        return sum(wire_total(compressor, sent, exchanges, self.workers, cap) for exchanges in self.phase_exchanges)

    def uncertain(self, compressor: Compressor) -> int:
        """Return by how many bytes the run may miss :meth:`payload`, depending on its weights."""
        networks = self.handed_over.networks.values()
        return sum(
            compressor.uncertain_bytes(shapes, exchanges) for exchanges in self.phase_exchanges for shapes in networks
        )

    def collectives(self, compressor: Compressor) -> list[PlannedCollective]:
        """Return all calls that one worker makes."""
        sent, planned = self.handed_over, list[PlannedCollective]()
        for exchanges in self.phase_exchanges:
            for shapes in sent.networks.values():
                planned += compressor.collectives(shapes, exchanges, self.bucket_cap_mb)
            planned += _planned_buffers(sent, exchanges)
        return planned
