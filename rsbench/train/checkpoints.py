"""Checkpoints of one rank's training: saved now and then and when asked to stop, gone on from at the start."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Protocol

import numpy as np
import torch
import torch.distributed as dist

from rsbench.cell import CellSpec
from rsbench.checkpoints.agreed import newest_of_all
from rsbench.checkpoints.host_copy import host_copy
from rsbench.checkpoints.random_state import random_state, set_random_state
from rsbench.checkpoints.shelf import Header, Shelf
from rsbench.checkpoints.stopping import StoppedError, Vote, listening
from rsbench.checkpoints.writer import Writer
from rsbench.compressors import Compressor
from rsbench.errors import RsbenchError
from rsbench.measure.across_ranks import AcrossRanks
from rsbench.measure.exchange_profile import ExchangeProfile
from rsbench.measure.gather import gather_json
from rsbench.measure.heartbeat import beat
from rsbench.measure.log import RunLog
from rsbench.measure.totals import RunTotals
from rsbench.results.reached import Tally, read_tally, write_tally
from rsbench.train.exchange import Exchange
from rsbench.train.phases import Phases
from rsbench.train.saving import NEVER_RESUMED, Order

APART_S: Final = 300.0
"""Where no number of steps is asked for, checkpoints at epochs' ends are at least so far apart."""


BEFORE_TEST_S: Final = 30.0
"""The same before the test, in which nothing is saved."""


_RESET: Final = ("compressors",)
_RESET_FOR_ANOTHER: Final = ("compressors", "optimizers")
"""Parts of an exchange's state that begin anew; another compressor leaves other momentum to the optimizers."""


class Resumable(Protocol):
    """One rank's training: what it is, and all that changes in it.

    Attributes:
        step: steps that are done.
        progress: what else must be known to go on, as JSON has it.
    """

    cell: CellSpec
    device: torch.device
    steps: int
    step: int
    totals: RunTotals
    profile: ExchangeProfile
    ranks: AcrossRanks
    phases: Phases
    log: RunLog

    @property
    def compressor(self) -> Compressor:
        """Of the phase that trains."""

    @property
    def exchange(self) -> Exchange:
        """Of the phase that trains."""

    @property
    def progress(self) -> dict[str, Any]:
        """The rest of what changes, as JSON can say it."""

    def go_on(self, step: int, progress: Mapping[str, Any]) -> None:
        """Stand after a step, with the progress that was then; all else is restored already."""


class Checkpoints:
    """What one rank saves and goes on from. All ranks make the same calls.

    Args:
        training: whose state it is.
        order: where and how often.

    Attributes:
        runtime: what the record says of resuming.
    """

    def __init__(self, training: Resumable, order: Order) -> None:
        self._training, self._order = training, order
        self._shelf = Shelf(order.folder)
        self._facts = facts_of(training.cell, training.compressor.text)
        launch: str = gather_json(secrets.token_hex(8))[0]
        self._writer = Writer(self._shelf, dist.get_rank(), self._facts, launch)
        sync = training.cell.synchronization
        self._grain = 1 if sync.in_rounds else sync.every
        self._vote = Vote(training.ranks, sync.every)
        self._asked = False
        self._saved_at = time.monotonic()
        self._told = False
        self.runtime: dict[str, Any] = dict(NEVER_RESUMED)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Go on from the newest checkpoint; within, stop only where one can be saved."""
        with ExitStack() as stack:
            stack.callback(self._writer.close)
            self._resume()
            stack.enter_context(listening())
            yield

    # --- saving -------------------------------------------------------------------------------------------------

    def next_stop(self, step: int, stop: int) -> int:
        """Return the step to train to: of the next checkpoint, but not beyond a stop."""
        if self._order.every is None:
            return stop
        due = (step // self._order.every + 1) * self._order.every
        return min(stop, math.ceil(due / self._grain) * self._grain)

    def is_to_stop(self, step: int) -> bool:
        """Return whether some rank was asked to stop; the answer is the same on all ranks."""
        self._asked = self._asked or self._vote.is_to_stop(step)
        return self._asked

    def end_leg(self, *, epoch_ended: bool) -> None:
        """Save what is due, after training to a stop.

        Raises:
            StoppedError: some rank was asked to stop.
        """
        step = self._training.step
        if self._asked or self._is_due(epoch_ended=epoch_ended):
            self._save()
        if self._asked and step < self._training.steps:
            self._writer.wait()
            is_saved = self._tell_problems() == step
            raise StoppedError(
                f"asked to stop, it did after step {step}"
                + ("" if is_saved else ", whose checkpoint could not be written on all ranks")
            )

    def _is_due(self, *, epoch_ended: bool) -> bool:
        every = self._order.every
        if every is not None:
            return epoch_ended or self._training.step % every < self._grain
        if not epoch_ended:
            return False
        (apart_s,) = self._training.ranks.largest([time.monotonic() - self._saved_at])
        return apart_s >= (APART_S if self._training.step < self._training.steps else BEFORE_TEST_S)

    def _save(self) -> None:
        """Copy this rank's state, and let it be written beside training."""
        beat("save a checkpoint")
        self._writer.wait()
        whole_on_all = self._tell_problems()
        kept = {whole_on_all, max(self._writer.whole, default=0)}
        self._writer.begin(self._training.step, self._state(), kept=kept)
        self._saved_at = time.monotonic()

    def _tell_problems(self) -> int:
        """Say once that some rank cannot write; return the step of the newest checkpoint that all ranks have."""
        every: list[tuple[list[int], str]] = gather_json([[*self._writer.whole], str(self._writer.problem or "")])
        problems = [f"rank {rank} cannot write checkpoints ({why})" for rank, (_, why) in enumerate(every) if why]
        if problems and not self._told:
            self._training.log.warn(f"{problems[0]}; what was saved before stays, and a later one may be written.")
        self._told = bool(problems)
        return max(set(every[0][0]).intersection(*(steps for steps, _ in every)), default=0)

    def _state(self) -> dict[str, Any]:
        """Return all that this rank must have to go on, on the CPU."""
        training = self._training
        text = {"progress": training.progress, "runtime": self.runtime, "ranks": training.ranks.state_dict()}
        return {
            "exchange": host_copy(training.exchange.state_dict()),
            "batches": training.phases.current.batches.state_dict(),
            "training_set": host_copy(training.phases.training_set.state_dict()),
            "random": random_state(training.device),
            "totals": host_copy(training.totals.state_dict()),
            "profile": training.profile.state_dict(),
            "samples": torch.from_numpy(np.frombuffer(training.log.so_far(), dtype=np.uint8).copy()),
            "text": json.dumps(text),
        }

    # --- going on -----------------------------------------------------------------------------------------------

    def _resume(self) -> None:
        """Put the newest checkpoint that all ranks have into the training, if there is any.

        Raises:
            RsbenchError: it is of another run.
        """
        beat("look for a checkpoint")
        training = self._training
        reset = self._order.reset_compressor
        header, state, problems = newest_of_all(self._shelf, self._facts, reset_compressor=reset)
        if header is not None:
            self._go_on_from(header, state)
        else:
            self._note_begun_anew()
            problems += ["No whole checkpoint is left: the cell begins anew"] if problems else []
        for problem in problems:
            training.log.warn(f"{problem}.")

    def _note_begun_anew(self) -> None:
        """Note that nothing is left of the steps of earlier tries, if there were any."""
        before = read_tally(self._shelf.folder)
        if before != Tally():
            self._take(before.resumed(0))

    def _go_on_from(self, header: Header, state: Mapping[str, Any]) -> None:
        """Load a state, and note where this run goes on."""
        step, reset = header.step, self._is_to_reset(header, state)
        self._training.phases.enter(step, state.get("training_set", {}))
        parts = _RESET if header.facts == self._facts else _RESET_FOR_ANOTHER
        fresh = self._training.exchange.state_dict() if reset else {}
        fresh = {name: host_copy(fresh[name]) for name in parts if name in fresh}
        beat("rehearse a step")
        self._training.phases.current.rehearse()
        try:
            self._load(step, state, fresh)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise RsbenchError(
                f"The checkpoint in {self._shelf.folder} cannot be gone on from ({error}): it is of another version. "
                "Remove that folder to begin the cell anew."
            ) from error
        self._writer.whole.add(step)
        self._note_resumed(step)
        if reset:
            self.runtime["compressor_reset_at_step"] = step

    def _is_to_reset(self, header: Header, state: Mapping[str, Any]) -> bool:
        """Return whether to leave the compressor's state: once, unless the checkpoint is of another compressor."""
        was_reset = "compressor_reset_at_step" in json.loads(state["text"])["runtime"]
        return self._order.reset_compressor and not (was_reset and header.facts == self._facts)

    def _load(self, step: int, state: Mapping[str, Any], fresh: Mapping[str, Any]) -> None:
        """Put a state where :meth:`_state` took it from, but for parts of the exchange that are given."""
        training, text = self._training, json.loads(state["text"])
        training.exchange.load_state_dict({**state["exchange"], **fresh})
        training.phases.current.batches.load_state_dict(state["batches"])
        training.phases.training_set.load_state_dict(state.get("training_set", {}))  # again: the rehearsal was watched
        training.totals.load_state_dict(state["totals"])
        training.profile.load_state_dict(state["profile"])
        training.ranks.load_state_dict(text["ranks"])
        training.log.restore(state["samples"].numpy().tobytes())
        training.go_on(step, text["progress"])
        self.runtime = text["runtime"]
        set_random_state(state["random"], training.device)

    def _note_resumed(self, step: int) -> None:
        """Note for the record and the user where this run goes on."""
        saved = Tally(
            resumed_from_step=tuple(self.runtime["resumed_from_step"]), steps_redone=self.runtime["steps_redone"]
        )
        noted = read_tally(self._shelf.folder)
        before = noted if len(noted.resumed_from_step) >= len(saved.resumed_from_step) else saved
        now = before.resumed(step)
        self._take(now)
        redone = now.steps_redone - before.steps_redone
        self._training.log.write("resumed", {"step": step, "steps_redone": redone})

    def _take(self, now: Tally) -> None:
        """Take what is known of the tries into the record and, on rank 0, to the disk."""
        if dist.get_rank() == 0:
            write_tally(self._shelf.folder, now)
        self.runtime |= {"resumed_from_step": list(now.resumed_from_step), "steps_redone": now.steps_redone}


def facts_of(cell: CellSpec, compressor: str) -> dict[str, Any]:
    """Return what must be the same where a run goes on: the fields of its cell, with the compressor that runs.

    Args:
        cell: of the run.
        compressor: with its density solved.
    """
    fields = {name: value for name, value in cell.to_dict().items() if name not in ("ratio", "match")}
    return {**fields, "compressor": compressor}
