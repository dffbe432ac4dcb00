"""A case: a cell that is hit again and again, and what must hold when the same command has run to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from injection.cells import Cell, Site
from injection.checkpoints import newest_whole
from injection.faults import Fault
from injection.outcomes import Outcome
from injection.runs import Run


@dataclass(frozen=True)
class Case:
    """What is run, with which options beside the cell's, and what hits it: a run of the command for each fault."""

    cell: Cell
    faults: tuple[Fault, ...]
    words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What is run."""
        return " ".join((self.cell.name, *self.words))

    def __str__(self) -> str:
        """Return it as a test's name."""
        return f"{self.title}: {', '.join(map(str, self.faults))}"


@dataclass(frozen=True)
class Hit:
    """How a run ended that was hit.

    Attributes:
        where: what each rank was about to do.
        steps_done: that rank 0 had written.
        checkpoint: the newest that is whole, None where there is none.
        code: of the command.
    """

    where: Sequence[str]
    steps_done: int
    checkpoint: int | None
    code: int

    def __str__(self) -> str:
        """Return it as it is printed."""
        return f"{self.steps_done} done, {self.checkpoint or 0} saved, rank 0 in {self.where[0]!r}, exit {self.code}"


@dataclass(frozen=True)
class Resumptions:
    """What a record must say of going on."""

    resumed_from_step: tuple[int, ...] = ()
    steps_redone: int = 0

    @classmethod
    def after(cls, hits: Sequence[Hit]) -> Resumptions:
        """Return what the run says that ends well after runs that were hit."""
        expected = cls()
        for hit in hits:
            if hit.checkpoint is None:
                expected = cls()
            elif hit.steps_done > 0:  # a run that ended before its first sample changed nothing
                lost = max(0, hit.steps_done - hit.checkpoint)
                expected = cls((*expected.resumed_from_step, hit.checkpoint), expected.steps_redone + lost)
        return expected

    @classmethod
    def of(cls, outcome: Outcome) -> Resumptions:
        """Return what a record says."""
        return cls(tuple(outcome.runtime["resumed_from_step"]), outcome.runtime["steps_redone"])


def hit(fault: Fault, run: Run) -> Hit:
    """Wait for a fault's moment, let it happen, and return how the run ended."""
    try:
        fault.moment.wait(run)
        where = [run.where(rank) for rank in range(run.cell.workers)]
        fault.deed.do(run)
        code = run.end()
    finally:
        run.kill()
    assert code in fault.deed.exits, f"{fault}: exit code {code}\n{run.said()}"
    assert "Traceback" not in run.said(), run.said()
    return Hit(where, run.steps_done(), newest_whole(run.site, run.cell.workers), code)


def finish(cell: Cell, site: Site, words: Sequence[str] = ()) -> Outcome:
    """Run the command to its end and return what it leaves."""
    run = Run(cell, site, words)
    try:
        code = run.end()
    finally:
        run.kill()
    assert code == 0, run.said()
    return Outcome.of(site)


def survive(case: Case, site: Site, whole: Outcome) -> str:
    """Hit a cell with all that a case holds, run it to its end, and compare.

    Args:
        case: says what happens.
        site: empty.
        whole: what the cell leaves that nothing hits.

    Returns:
        A line that says what happened.
    """
    hits: list[Hit] = []
    for fault in case.faults:
        hits.append(hit(fault, Run(case.cell, site, case.words)))
        site.age_temporary_files()
    outcome = finish(case.cell, site, case.words)
    assert outcome.differences(whole) == [], "; ".join(map(str, hits))
    said = Resumptions.of(outcome)
    told = [f"{fault}: {hit}" for fault, hit in zip(case.faults, hits, strict=True)]
    expected = Resumptions() if hits[-1].code == 0 else Resumptions.after(hits)
    assert said == expected, "; ".join(told)
    resumed = f"went on from {list(said.resumed_from_step)}, {said.steps_redone} steps again"
    return f"{case.title}: {'; '.join(told)}; {resumed}: equal"
