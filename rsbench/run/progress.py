"""What the user sees while cells run, read from the samples that rank 0 writes."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from rsbench.console import say, styled
from rsbench.metrics import validation_text
from rsbench.units import bytes_text, count_text, duration_text

PLAIN_INTERVAL_S = 10.0


@dataclass
class CellState:
    """How far one cell has come, as its samples tell.

    Attributes:
        path: the file of samples, which need not exist yet.
        steps: optimizer steps of the whole run.
        epochs: passes over the training samples.
        notes: sentences of the workers that were not shown yet.
    """

    path: Path
    steps: int
    epochs: int
    phase: str = "starting"
    step: int = 0
    epoch: int = 0
    loss: float | None = None
    validation: str = ""
    payload_bytes: float | None = None
    notes: list[str] = field(default_factory=list)
    _sent_bytes: int = 0
    _steps_read: int = 0
    samples_per_s: float | None = None
    step_time_s: float | None = None
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
            duration = float(sample["step_time_s"])
            self.step, self.epoch, self.loss = int(sample["step"]) + 1, int(sample["epoch"]), sample["loss"]
            self._sent_bytes += sample["payload_bytes"]
            self._steps_read += 1
            self.payload_bytes = self._sent_bytes / self._steps_read
            before = self.step_time_s
            self.step_time_s = duration if before is None else 0.9 * before + 0.1 * duration
            self.samples_per_s = sample["images"] / self.step_time_s if self.step_time_s else None

    def take_notes(self) -> list[str]:
        """Return the sentences that were not shown yet, once."""
        notes, self.notes = self.notes, []
        return notes

    def left_s(self) -> float | None:
        """Return the seconds of training that are left, None before the first step."""
        return None if self.step_time_s is None else self.step_time_s * (self.steps - self.step)

    def words(self) -> list[str]:
        """Return what there is to say, in columns."""
        words = [self.phase]
        if self.step:
            words += [f"epoch {self.epoch + 1}/{self.epochs}", f"step {self.step}/{self.steps}"]
        if self.loss is not None:
            words.append(f"loss {self.loss:.3f}")
        if self.validation:
            words.append(self.validation)
        if self.samples_per_s is not None:
            words.append(f"{self.samples_per_s:.0f} samples/s")
        if self.payload_bytes is not None:
            words.append(f"{bytes_text(self.payload_bytes)}/step")
        return words


@dataclass
class TimeLeft:
    """How many cells there are and how long one takes, for the time left."""

    total: int = 0
    done: int = 0
    durations_s: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def left_s(self, state: CellState) -> float | None:
        """Return the seconds left for all cells, None while nothing is known."""
        cell = state.left_s()
        if not self.durations_s and cell is None:
            return None
        elapsed = time.monotonic() - self.began
        typical = sum(self.durations_s) / len(self.durations_s) if self.durations_s else elapsed + (cell or 0)
        current = cell if cell is not None else max(0.0, typical - elapsed)
        return current + typical * (self.total - self.done - 1)

    def begin(self, total: int) -> None:
        """Note that a cell begins, one of so many."""
        self.began, self.total = time.monotonic(), total

    def end(self, *, timed: bool = True) -> None:
        """Note that a cell has ended, and how long it took where it ran here."""
        self.done += 1
        if timed:
            self.durations_s.append(time.monotonic() - self.began)


class Progress(ABC):
    """Shows how far the cells of a run have come."""

    def __init__(self) -> None:
        self._time_left = TimeLeft()
        self._label = ""
        self._state: CellState | None = None

    def begin(self, label: str, state: CellState, total: int) -> None:
        """Show that a cell begins.

        Args:
            label: the cell's name.
            state: how far it has come, read again at each tick.
            total: all cells of the run, done ones included, as far as is known.
        """
        self._time_left.begin(total)
        self._label, self._state = label, state
        self._show_begin(state)

    def tick(self) -> None:
        """Show what is new; called a few times a second."""
        if self._state is None:
            return
        self._show(self._state)
        for note in self._state.take_notes():
            self._print(f"{self._head()}: {note}")

    def end(self, label: str, line: str, total: int) -> None:
        """Show how a cell has ended, which need not have begun here: another process may have run it."""
        self.say(label, line, total)
        self._time_left.end(timed=self._state is not None)
        self._state = None

    def say(self, label: str, line: str, total: int) -> None:
        """Show a sentence about a cell that does not run."""
        self._time_left.total = total
        self._label = label
        for part in f"{self._head()}: {line}".split("\n"):
            self._print(part)

    def close(self) -> None:
        """Leave the terminal as it was, after the last cell."""
        return

    def _head(self) -> str:
        return f"[{self._time_left.done + 1}/{self._time_left.total}] {self._label}"

    @abstractmethod
    def _print(self, line: str) -> None: ...

    @abstractmethod
    def _show_begin(self, state: CellState) -> None: ...

    @abstractmethod
    def _show(self, state: CellState) -> None: ...


class PlainProgress(Progress):
    """One line about every ten seconds, and at each phase: for logs and pipes.

    Args:
        write: takes each line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write
        self._shown = (0.0, "")

    def _print(self, line: str) -> None:
        self._write(line)

    def _show_begin(self, state: CellState) -> None:
        self._shown = (time.monotonic(), state.phase)
        self._print(f"{self._head()}: starting")

    def _show(self, state: CellState) -> None:
        if not state.read():
            return
        now = time.monotonic()
        then, phase = self._shown
        if now - then < PLAIN_INTERVAL_S and state.phase == phase:
            return
        self._shown = (now, state.phase)
        self._print(f"{self._head()}: {', '.join([*state.words(), *_left(self._time_left, state)])}")


class LiveProgress(Progress):
    """A bar for the cell and one for the run that redraw in place: for terminals."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        # No thread redraws: processes are forked while this is shown.
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()
        self._drawn = 0.0

    def close(self) -> None:
        """Remove the bars."""
        self._live.stop()

    def _print(self, line: str) -> None:
        say(self._live.console, line)

    def _show_begin(self, state: CellState) -> None:
        self._draw(state)

    def _show(self, state: CellState) -> None:
        if time.monotonic() - self._drawn < 0.25:
            return
        state.read()
        self._draw(state)

    def _draw(self, state: CellState) -> None:
        self._drawn, console = time.monotonic(), self._live.console
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            styled(console, f"cell {self._time_left.done + 1} of {self._time_left.total}", "bold"),
            ProgressBar(total=max(1, state.steps), completed=state.step, width=30),
            styled(console, self._label, "cyan"),
        )
        words = "  ".join([*state.words(), *_left(self._time_left, state)])
        self._live.update(Group(bar, styled(console, words)), refresh=True)


def _again(steps: int) -> str:
    """Return what is said of steps that are done a second time, nothing where there are none."""
    return f" ({count_text(steps, 'step')} to do again)" if steps else ""


def _left(time_left: TimeLeft, state: CellState) -> list[str]:
    cell, all_cells = state.left_s(), time_left.left_s(state)
    words = [] if cell is None else [f"cell {duration_text(cell)} left"]
    return words if all_cells is None else [*words, f"all {duration_text(all_cells)} left"]
