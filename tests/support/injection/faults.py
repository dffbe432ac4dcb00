"""Faults as data: what happens, to whom, when, and with which exit codes the command may answer."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Protocol

from injection.runs import END_S, Run
from rsbench.emulation.network import INTERFACE

FAILED = 1


@dataclass(frozen=True)
class Moment:
    """When a fault comes.

    Attributes:
        mark: a step or phase that rank 0 must have written, ``launch`` for the start of the command.
        after_s: so long after that.
        saved: a step whose checkpoint all ranks must have written by then.
    """

    mark: int | str
    after_s: float = 0.0
    saved: int = 0

    def wait(self, run: Run) -> None:
        """Return when it has come."""
        run.wait_until(lambda: run.has_reached(self.mark) and run.has_saved(self.saved), str(self))
        time.sleep(self.after_s)

    def __str__(self) -> str:
        """Return it as it is printed."""
        mark = f"step {self.mark}" if isinstance(self.mark, int) else self.mark
        return f"{mark} + {self.after_s * 1e3:.0f} ms"


class Deed(Protocol):
    """What happens.

    Attributes:
        exits: codes with which the command may end; 0 where it may go on.
    """

    @property
    def exits(self) -> frozenset[int]:
        """Codes with which the command may end."""

    def do(self, run: Run) -> None:
        """Let it happen."""


@dataclass(frozen=True)
class Sent:
    """A signal to one process: ``parent`` or ``rank 1``."""

    name: str
    who: str

    @property
    def exits(self) -> frozenset[int]:
        """A shell's code for the parent's end, failure for a worker's."""
        number = signal.Signals[self.name]
        if self.who != "parent":
            return frozenset({FAILED})
        return frozenset({-number if number == signal.SIGKILL else 128 + number})

    def do(self, run: Run) -> None:
        """Send it."""
        run.member(self.who).send_signal(signal.Signals[self.name])

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.name} to {self.who}"


@dataclass(frozen=True)
class Paused:
    """A process that is stopped for a while and then goes on; nobody may notice."""

    who: str
    seconds: float = 2.0
    exits: frozenset[int] = frozenset({0})

    def do(self, run: Run) -> None:
        """Stop it and let it go on."""
        member = run.member(self.who)
        member.suspend()
        time.sleep(self.seconds)
        member.resume()

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.who} stopped for {self.seconds:g} s"


@dataclass(frozen=True)
class LinkDown:
    """A worker's emulated link is down for a while."""

    who: str
    seconds: float
    exits: frozenset[int] = frozenset({0})

    def do(self, run: Run) -> None:
        """Take the link down, and up again."""
        inside = ["nsenter", "--net", "--target", str(run.member(self.who).pid), "ip", "link", "set", INTERFACE]
        subprocess.run([*inside, "down"], check=True)
        time.sleep(self.seconds)
        subprocess.run([*inside, "up"], check=run.parent.poll() is None)

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"the link of {self.who} down for {self.seconds:g} s"


@dataclass(frozen=True)
class DiskFull:
    """No byte is left where results go, until the command has ended."""

    exits: frozenset[int] = frozenset({0, FAILED})

    def do(self, run: Run) -> None:
        """Take all that is left, and free it when the command has ended."""
        filler = run.site.out / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while file.write(b"x" * size):
                        pass
        run.parent.wait(END_S)
        filler.unlink()

    def __str__(self) -> str:
        """Return it as it is printed."""
        return "the disk is full"


@dataclass(frozen=True)
class Fault:
    """A deed and its moment."""

    deed: Deed
    moment: Moment

    def strike(self, run: Run) -> None:
        """Wait for the moment, and let it happen."""
        self.moment.wait(run)
        self.deed.do(run)

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.deed} at {self.moment}"


def kills(rng: Random, *, count: int, steps: int, workers: int) -> tuple[Fault, ...]:
    """Return kill -9 of parent or ranks at random steps, in their order, each a random while after its step.

    Args:
        rng: decides.
        count: how many.
        steps: of the cell.
        workers: that train it.
    """
    who = ("parent", *(f"rank {rank}" for rank in range(workers)))
    moments: list[Moment] = [
        Moment(step, rng.uniform(0, 0.02)) for step in sorted(rng.sample(range(1, steps - 10), count))
    ]
    if rng.random() < 0.25:  # before there is anything to lose, or when nothing is left to train
        moments[0] = Moment("launch", rng.uniform(0, 4))
    elif rng.random() < 0.33:
        moments[-1] = Moment("test", rng.uniform(0, 0.05))
    return tuple(Fault(Sent("SIGKILL", "parent" if m.mark == "launch" else rng.choice(who)), m) for m in moments)
