"""Steps that were launched and are not read yet: on GPUs the host runs ahead of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from rsbench.measure.clock import Clock
from rsbench.measure.heartbeat import beat
from rsbench.measure.step_timer import BucketMarks, StepTimer
from rsbench.measure.step_times import PhaseTimes, StepTimes, total


@dataclass(frozen=True, kw_only=True)
class OpenStep:
    """A step whose loss and times may still be under way on the device.

    Attributes:
        number: of the step in its run, from 0.
        rate: its learning rate.
        phases: of each network, its stopwatch and its hook's timeline of this step.
        losses: of the networks, on the host, shape [networks]; they stand there once ``copied`` has been passed.
        copied: mark behind the copy of ``losses``.
    """

    number: int
    rate: float
    phases: Sequence[tuple[StepTimer, Sequence[BucketMarks]]]
    losses: torch.Tensor
    copied: Any

    @classmethod
    def launched(
        cls,
        number: int,
        rate: float,
        phases: Sequence[tuple[StepTimer, Sequence[BucketMarks]]],
        losses: Sequence[torch.Tensor],
        clock: Clock,
    ) -> OpenStep:
        """Return the step that was just launched; its losses go to the host without waiting.

        Args:
            number: as the attributes, as are ``rate`` and ``phases``.
            rate: its learning rate.
            phases: its stopwatches and timelines.
            losses: scalars on the device; the copy of a GPU's stands in pinned memory.
            clock: of the device.
        """
        on_host = torch.stack([loss.detach() for loss in losses]).to("cpu", non_blocking=True)
        return cls(number=number, rate=rate, phases=phases, losses=on_host, copied=clock.mark())

    def read(self, clock: Clock) -> ReadStep:
        """Wait until the device is through with this step, and read it."""
        if clock.lag:
            beat(f"wait for the GPU to end step {self.number + 1}")
        phases = [timer.read(timeline) for timer, timeline in self.phases]
        times = total([phase.in_step for phase in phases])
        clock.wait(self.copied)
        return ReadStep(
            number=self.number,
            rate=self.rate,
            loss=sum(self.losses.tolist()),
            times=times,
            phases=phases,
            marks=self.phases,
        )


@dataclass(frozen=True, kw_only=True)
class ReadStep:
    """What a step gave.

    Attributes:
        number: of the step in its run, from 0.
        rate: its learning rate.
        loss: of this rank, summed over the networks.
        times: of its phases, added up.
        phases: of each network.
        marks: of each network, its stopwatch and its hook's timeline, from which the times were read.
    """

    number: int
    rate: float
    loss: float
    times: StepTimes
    phases: Sequence[PhaseTimes]
    marks: Sequence[tuple[StepTimer, Sequence[BucketMarks]]]


class OpenSteps:
    """The launched steps in their order, each read as many steps later as the device's clock lags.

    Args:
        clock: of the device.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: deque[OpenStep] = deque()

    def add(self, step: OpenStep) -> list[ReadStep]:
        """Take a step that was launched; return those that are due, on a CPU this one."""
        self._open.append(step)
        return self._read_until(self._clock.lag)

    def rest(self) -> list[ReadStep]:
        """Return all that are left, which waits for the device."""
        return self._read_until(0)

    def _read_until(self, left: int) -> list[ReadStep]:
        return [self._open.popleft().read(self._clock) for _ in range(len(self._open) - left)]
