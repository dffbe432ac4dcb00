"""A trace of some steps for Perfetto or Chrome: every rank's phases on one axis of time."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch.distributed as dist

from rsbench.atomic import write_atomically
from rsbench.measure.across_ranks import ranks_here
from rsbench.measure.gather import gather_json
from rsbench.measure.step_timer import BucketMarks, StepTimer
from rsbench.measure.step_times import skipped_steps

STEPS: Final = 5
"""So many steps are traced, the first that are counted."""
_COMPUTE, _LINK, _DECODE = 0, 1, 2
_ROWS: Final = {_COMPUTE: "training", _LINK: "exchange", _DECODE: "decompress"}

Event = dict[str, Any]
"""One event of the trace event format: ``ph`` says its kind, ``ts`` and ``dur`` are microseconds."""


class Trace:
    """Collects the steps of this rank; :meth:`write` is a collective call.

    Ranks of one machine share its clock. On several machines each counts from the end of a barrier, so that their rows
    are as far apart as the barrier's ends are. On a GPU all marks are counted from the first traced step's begin on the
    device, which is put where the host launched it. Not run on a GPU by us so far.

    Args:
        steps: of the whole run.
    """

    def __init__(self, steps: int) -> None:
        self._first = min(skipped_steps(steps), max(0, steps - STEPS))
        self._rank = dist.get_rank()
        self._zero_s = 0.0
        if ranks_here() < dist.get_world_size():
            dist.barrier()
            self._zero_s = time.perf_counter()
        self._began: StepTimer | None = None
        self._events: list[Event] = []

    def add(self, step: int, phases: Sequence[tuple[StepTimer, Sequence[BucketMarks]]]) -> None:
        """Take the stopwatches and timelines of a step, one of each for every network; they have been read."""
        if not self._first <= step < self._first + STEPS:
            return
        for timer, timeline in phases:
            self._add_phase(step, timer, timeline)

    def _add_phase(self, step: int, timer: StepTimer, timeline: Sequence[BucketMarks]) -> None:
        """Take one network's part of a step."""
        at = {name: self._at(mark, timer) for name, mark in timer.marks.items()}
        self._span(f"step {step}", at["begin"], at["end"])
        for begin, name in itertools.pairwise(("begin", "data", "forward", "backward", "optimizer")):
            self._span(name, at[begin], at[name])
        for number, bucket in enumerate(timeline):
            marks = (bucket.start, bucket.sent, bucket.arrived, bucket.decoded)
            start, sent, arrived, decoded = (self._at(mark, timer) for mark in marks)
            calls = [f"{call.op} of {call.payload_bytes:,} B" for call in bucket.calls]
            self._span(f"compress bucket {number}", start, sent, calls=calls)
            for first, last in bucket.waits:
                self._span("wait", self._at(first, timer), self._at(last, timer))
            key = f"{self._rank}-{step}-{id(timer)}-{number}"
            self._overlapping(_LINK, f"exchange bucket {number}", sent, arrived, key, calls=calls)
            self._overlapping(_DECODE, f"decompress bucket {number}", arrived, decoded, key)
        if timeline:
            self._span("wait", self._at(timeline[-1].sent, timer), at["backward"])

    def _at(self, mark: Any, timer: StepTimer) -> float:
        """Return the seconds of a mark on the axis of all ranks."""
        self._began = self._began or timer
        return self._began.began_s - self._zero_s + self._began.since_begin(mark)

    def _span(self, name: str, start_s: float, end_s: float, **more: Any) -> None:
        """Add a span on the row of computing, where spans nest."""
        event = {"ph": "X", "name": name, "ts": 1e6 * start_s, "dur": 1e6 * (end_s - start_s)}
        self._events.append({**event, "pid": self._rank, "tid": _COMPUTE, **({"args": more} if more else {})})

    def _overlapping(self, row: int, name: str, start_s: float, end_s: float, key: str, **more: Any) -> None:
        """Add a span to a row on which spans may overlap."""
        shared = {"cat": _ROWS[row], "name": name, "id": f"{key}-{row}", "pid": self._rank, "tid": row}
        self._events.append({"ph": "b", "ts": 1e6 * start_s, **shared, **({"args": more} if more else {})})
        self._events.append({"ph": "e", "ts": 1e6 * end_s, **shared})

    def write(self, file: Path) -> None:
        """Gather what all ranks have and let rank 0 write it: one file, one process of the viewer a rank."""
        every: list[list[Event]] = gather_json(self._events)
        if self._rank != 0:
            return
        events = sorted(
            (event for one in every for event in one), key=lambda event: (event["ts"], -event.get("dur", 0))
        )
        zero = events[0]["ts"] if events else 0.0
        for event in events:
            event["ts"] -= zero
        names = [
            {"ph": "M", "name": kind, "pid": rank, "tid": row, "args": {"name": name}}
            for rank in range(len(every))
            for kind, row, name in (
                ("process_name", _COMPUTE, f"rank {rank}"),
                *(("thread_name", row, name) for row, name in _ROWS.items()),
            )
        ]
        text = json.dumps({"traceEvents": [*names, *events], "displayTimeUnit": "ms"})
        write_atomically(file, text)
