"""What the training loop asks of checkpoints, and what a job says of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

NEVER_RESUMED: Final = {"resumed_from_step": [], "steps_redone": 0}
"""What a record says of a run that was never interrupted."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a job says of checkpoints.

    Attributes:
        folder: of the cell's checkpoints.
        every: steps from one to the next; None leaves it to epochs and time.
        reset_compressor: go on without the compressor's state.
    """

    folder: Path
    every: int | None = None
    reset_compressor: bool = False


class Saving(Protocol):
    """What the training loop asks of checkpoints.

    Attributes:
        runtime: what the record says of resuming.
    """

    runtime: dict[str, Any]

    def kept(self) -> AbstractContextManager[None]:
        """Go on from the newest checkpoint; within, training stops only where one can be saved."""

    def next_stop(self, step: int, stop: int) -> int:
        """Return the step to train to: of the next checkpoint, but not beyond a stop."""

    def is_to_stop(self, step: int) -> bool:
        """Return whether some rank was asked to stop; the answer is the same on all ranks."""

    def end_leg(self, *, epoch_ended: bool) -> None:
        """Save what is due, after training to a stop.

        Raises:
            StoppedError: some rank was asked to stop.
        """


class NoCheckpoints:
    """Training that saves nothing and ends at once when it is told to."""

    def __init__(self) -> None:
        self.runtime: dict[str, Any] = dict(NEVER_RESUMED)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Do nothing."""
        yield

    def next_stop(self, step: int, stop: int) -> int:
        """Return the stop."""
        return stop

    def is_to_stop(self, step: int) -> bool:
        """Return that training goes on."""
        return False

    def end_leg(self, *, epoch_ended: bool) -> None:
        """Do nothing."""
