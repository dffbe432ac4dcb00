"""What a user asks of ``compare`` or ``run``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rsbench.errors import RsbenchError
from rsbench.judging import DEFAULT, Judging
from rsbench.links.contact import Contact
from rsbench.planning.devices import Nodes
from rsbench.planning.grid import Grid
from rsbench.planning.survival import Survival


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked of ``compare`` or ``run``.

    Attributes:
        grids: what to compare; several are parts of one plan.
        out: result folder.
        data_root: folder of the data sets.
        argv: the user's command.
        nodes: the machines.
        token: what all nodes of the comparison know; empty on one machine, or where none was asked for.
        interface: the network interface that workers talk over; empty for the one that is found.
        timeout_s: for a cell.
        stall_timeout_s: end a cell in which no rank has moved for so long.
        fresh_workers: start new processes for every cell.
        budget_s: begin no cell after so much time; None has no limit.
        leave_busy: end when only cells are left that other processes run.
        strict_data: refuse incomplete data sets.
        dry_run: only show the cells.
        contact: when the links of a dry run are there; None for always.
        rerun: run done cells again.
        loggers: names of loggers that get the numbers, too.
        trace: write a trace of some steps.
        keep_weights: write the final weights.
        survival: checkpoints and restarts.
        judging: how its report judges differences.
        ours: options whose values are not known from the paper that a plan follows.
    """

    grids: tuple[Grid, ...]
    out: Path
    data_root: Path
    argv: Sequence[str]
    nodes: Nodes = field(default_factory=Nodes)
    token: str = ""
    interface: str = ""
    timeout_s: float = 86400.0
    stall_timeout_s: float = 300.0
    fresh_workers: bool = False
    budget_s: float | None = None
    leave_busy: bool = False
    strict_data: bool = False
    dry_run: bool = False
    contact: Contact | None = None
    rerun: bool = False
    loggers: Sequence[str] = ()
    trace: bool = False
    keep_weights: bool = False
    survival: Survival = field(default_factory=Survival)
    judging: Judging = DEFAULT
    ours: Sequence[str] = ()

    @property
    def tuning_seed(self) -> int | None:
        """The repeat that chooses learning rates, of the first grid."""
        return self.grids[0].tuning_seed

    def check(self) -> None:
        """Refuse what can be seen to be wrong without data and without devices.

        Raises:
            RsbenchError: says which option to mend.
        """
        for grid in self.grids:
            grid.check()
        if self.tuning_seed is not None and self.nodes.count > 1:
            raise RsbenchError("--tuning-seed works on one machine; on several, run the tuning seed first by --seeds.")
