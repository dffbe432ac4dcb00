"""A node that node 0 leads: it runs its workers of each cell that node 0 orders, as often as it is ordered."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from rsbench.errors import RsbenchError
from rsbench.launch.launcher import Outcome
from rsbench.launch.rendezvous import Rendezvous
from rsbench.planning.job import Job
from rsbench.results.folder import CellFolder, folder_error, refuse_link, remove
from rsbench.run.ending import Ending
from rsbench.run.runner import BARRIER_TIMEOUT_S, CellRunner


@dataclass(frozen=True, kw_only=True)
class Follower:
    """This node's part in a comparison that node 0 leads.

    Attributes:
        runner: writes jobs and starts workers.
        rendezvous: where node 0's orders come from.
        jobs: all cells of the comparison, by key.
    """

    runner: CellRunner
    rendezvous: Rendezvous
    jobs: Mapping[str, Job]

    def run(self) -> int:
        """Do what node 0 orders until it orders the end; return the exit code.

        Raises:
            NodeLostError: node 0 has ended, or was started again.
            RsbenchError: the nodes do not meet, or one of them cannot go on.
        """
        stop = self.runner.stop
        try:
            while stop.number is None:
                order = self.rendezvous.take(BARRIER_TIMEOUT_S)
                if order is None:
                    break
                if order.get("recorded") in self.jobs:
                    self._forget_checkpoints(self.jobs[order["recorded"]])
                if "why" in order:
                    raise RsbenchError(f"Node 0 cannot go on: {order['why']}")
                if "end" in order:
                    return int(order["end"])
                self._run(self.jobs[order["cell"]], int(order["total"]))
        finally:
            self.runner.launcher.close()
            self.runner.progress.close()
        return 128 + (stop.number or 0)

    def _run(self, job: Job, total: int) -> None:
        """Run this node's workers of a cell, whose lock and record node 0 keeps."""
        cell = self._cell(job)
        own = cell.of_node(self.rendezvous.nodes.rank)  # the nodes may share the result folder, so not node 0's
        for place in (cell.path.parent, cell.path, own.path):
            refuse_link(place)
        try:
            remove(own.path)
        except OSError as problem:
            raise folder_error(problem, own.path) from problem
        self.runner.write_job(cell, own, job)
        self._tell(job, self.runner.launch(own, job, total), total)

    def _tell(self, job: Job, outcome: Outcome, total: int) -> None:
        """Tell the user how the workers ended, and node 0 why they failed, unless it knows."""
        progress = self.runner.progress
        if self.rendezvous.superseded() and outcome.status == "failed":
            progress.say(job.spec, "node 0 has ended this try", total)
        elif outcome.status == "done":
            progress.end(job.spec, Ending.of(outcome).line, total)
        else:
            progress.say(job.spec, Ending.of(outcome).line, total)
            if self.runner.stop.number is None and self.rendezvous.trouble() is None:
                self.rendezvous.report_failure(outcome.why)

    def _forget_checkpoints(self, job: Job) -> None:
        """Remove the checkpoints of a cell that node 0 has recorded; it may be doing the same in a shared folder."""
        with suppress(OSError):
            remove(self._cell(job).checkpoints)

    def _cell(self, job: Job) -> CellFolder:
        return CellFolder.of(self.runner.out, job.spec.folder_name)
