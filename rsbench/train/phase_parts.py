"""What each phase of a cell took: its part of the bytes, steps and seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rsbench.measure.totals import RunTotals
from rsbench.recipe.phases import Phase


class PhaseParts:
    """The parts of the phases that have ended, in their order.

    Attributes:
        ended: of each, what the record's ``phases`` says.
    """

    def __init__(self) -> None:
        self.ended: list[dict[str, Any]] = []

    def end(self, phase: Phase, totals: RunTotals, *, buffer_bytes: int, score_bytes: int, train_s: float) -> None:
        """Take the end of a phase.

        Args:
            phase: that ended.
            totals: over all phases so far.
            buffer_bytes: of the buffers that were averaged in this phase.
            score_bytes: of the scores that were exchanged in this phase.
            train_s: seconds of training over all phases so far.
        """
        so_far = {
            "payload_bytes_total": totals.payload_bytes_total,
            "dense_bytes_total": totals.dense_bytes_total,
            "wire_bytes_total": totals.wire_bytes_total,
            "train_s": train_s,
        }
        own = {name: value - self._sum(name) for name, value in so_far.items()}
        length = {"name": phase.name, "samples": phase.samples, "epochs": phase.epochs, "steps": phase.steps}
        self.ended.append({**length, **own, "buffer_bytes": buffer_bytes, "score_bytes": score_bytes})

    def _sum(self, name: str) -> Any:
        return sum(part[name] for part in self.ended)

    @property
    def buffer_bytes(self) -> int:
        """Bytes of averaged buffers in all phases."""
        return int(self._sum("buffer_bytes"))

    @property
    def score_bytes(self) -> int:
        """Bytes of exchanged scores in all phases."""
        return int(self._sum("score_bytes"))

    def traffic(self) -> Mapping[str, int]:
        """Return what the record's ``traffic`` says of scores: nothing where none were exchanged."""
        return {"score_bytes": self.score_bytes} if self.score_bytes else {}

    def section(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return the record's ``phases``: nothing where there is one."""
        return {"phases": self.ended} if len(self.ended) > 1 else {}
