"""How far one cell has come, read from the samples that rank 0 writes and from the heartbeats of all ranks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rsbench.metrics import validation_text
from rsbench.run.screen.phases import starting_words
from rsbench.units import bytes_text, count_text

_AFTER_TRAINING: Final = frozenset({"test", "done"})
"""Phases after the last step."""
SCORING: Final = "score"
"""Phase of a cell that scores its samples."""
STEPPING: Final = {SCORING: "scoring", "train": "step"}
"""Phase of a cell -> what is said of its steps, which are counted through all phases."""
_SMOOTHING: Final = 0.1
"""Share of the newest step in the running mean of step times."""


@dataclass
class CellState:
    """How far one cell has come.

    Attributes:
        path: the file of samples, which need not exist yet.
        steps: optimizer steps of the whole run.
        scoring_steps: those of the scoring phase, which comes first.
        epochs: passes over the training samples.
        places: what each rank of this machine is about to do, from its heartbeats.
        notes: sentences of the workers that were not shown yet.
        payload_bytes: mean of a worker and step so far; None before the first step.
        step_time_s: running mean; None before the first step.
    """

    path: Path
    steps: int
    epochs: int
    scoring_steps: int = 0
    places: Sequence[str] = ()
    phase: str = "start"
    step: int = 0
    epoch: int = 0
    loss: float | None = None
    validation: str = ""
    payload_bytes: float | None = None
    notes: list[str] = field(default_factory=list)
    samples_per_s: float | None = None
    step_time_s: float | None = None
    _sent_bytes: int = 0
    _steps_read: int = 0
    _offset: int = 0

    def read(self) -> bool:
        """Read the whole lines that were added since the last call; return whether there were any."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                new = stream.read()
        except OSError:
            return False
        whole = new[: new.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # a line that cannot be shown must not end a run
        return bool(whole)

    def _take(self, sample: dict[str, Any]) -> None:
        if sample["kind"] == "phase":
            self.phase = str(sample["phase"])
        elif sample["kind"] == "resumed":
            self.notes.append(f"going on from step {int(sample['step'])}{_again(int(sample['steps_redone']))}")
        elif sample["kind"] == "warning":
            self.notes.append(f"Warning: {sample['text']}")
        elif sample["kind"] == "epoch":
            self.validation = validation_text(sample)
        elif sample["kind"] == "step":
            self._take_step(sample)

    def _take_step(self, sample: dict[str, Any]) -> None:
        duration_s = float(sample["step_time_s"])
        self.step, self.epoch, self.loss = int(sample["step"]) + 1, int(sample["epoch"]), sample["loss"]
        self._sent_bytes += sample["payload_bytes"]
        self._steps_read += 1
        self.payload_bytes = self._sent_bytes / self._steps_read
        before = self.step_time_s
        self.step_time_s = duration_s if before is None else (1 - _SMOOTHING) * before + _SMOOTHING * duration_s
        self.samples_per_s = sample["images"] / self.step_time_s if self.step_time_s else None

    def take_notes(self) -> list[str]:
        """Return the sentences that were not shown yet, once."""
        notes, self.notes = self.notes, []
        return notes

    @property
    def left_s(self) -> float | None:
        """Seconds of training that are left, None before the first step."""
        return None if self.step_time_s is None else self.step_time_s * (self.steps - self.step)

    @property
    def activity(self) -> str:
        """What the workers do now: ``reading data``, ``scoring 12/170``, ``step 182/270``, ``testing``."""
        if self.phase in _AFTER_TRAINING:
            return "testing"
        if not self.step:
            return starting_words(self.places)
        end = self.scoring_steps if self.phase == SCORING and self.scoring_steps else self.steps
        return f"{STEPPING.get(self.phase, 'step')} {self.step}/{end}"

    def details(self) -> list[str]:
        """Return what else there is to say, the most telling first; nothing before the first step."""
        words = [] if self.loss is None else [f"loss {self.loss:.3f}"]
        if self.validation:
            words.append(self.validation)
        if self.step and self.epochs > 1:
            words.append(f"epoch {self.epoch + 1}/{self.epochs}")
        if self.samples_per_s is not None:
            words.append(f"{self.samples_per_s:.0f} samples/s")
        if self.payload_bytes is not None:
            words.append(f"{bytes_text(self.payload_bytes)}/step")
        return words


def _again(steps: int) -> str:
    """Return what is said of steps that are done a second time, nothing where there are none."""
    return f" ({count_text(steps, 'step')} to do again)" if steps else ""
