"""What a node does with node 0's orders; workers and the way to node 0 are stand-ins."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rsbench.errors import RsbenchError
from rsbench.launch.failure import Cause
from rsbench.launch.launcher import Outcome
from rsbench.results.folder import CellFolder
from rsbench.run.follower import Follower

DONE = Outcome(status="done", wall_s=1.0)
KILLED = Outcome(status="failed", cause=Cause(reason="rank 3 was killed", log=None, tail=()), wall_s=1.0)
A, B = ({"cell": key, "total": 2} for key in "ab")


class Stage:
    """A follower whose workers end as they are told to, and all that it does."""

    def __init__(self, out: Path, orders: list[Any], *outcomes: Outcome, superseded: bool = False) -> None:
        self.ran, self.said, self.reported = list[str](), list[str](), list[str]()
        endings, left = iter(outcomes), iter(orders)
        self.stop = SimpleNamespace(number=None)
        jobs = {key: SimpleNamespace(spec=SimpleNamespace(key=key, folder_name=key, label=key)) for key in "ab"}
        for key in jobs:
            (CellFolder.of(out, key).checkpoints / "step-00000004").mkdir(parents=True)

        def launch(folder: CellFolder, job: Any, total: int) -> Outcome:
            self.ran.append(job.spec.key)
            assert folder.path == out / "cells" / job.spec.key / "node1"
            return next(endings)

        def note(label: str, line: str, total: int) -> None:
            self.said.append(line)

        nothing = SimpleNamespace(close=lambda: None, end=note, say=note)
        runner: Any = SimpleNamespace(stop=self.stop, launcher=nothing, progress=nothing, out=out, launch=launch)
        runner.write_job = lambda cell, own, job: own.path.mkdir()
        rendezvous: Any = SimpleNamespace(nodes=SimpleNamespace(rank=1), take=lambda timeout_s: next(left))
        rendezvous.superseded, rendezvous.trouble = (lambda: superseded), (lambda: None)
        rendezvous.report_failure = self.reported.append
        self.follower = Follower(runner=runner, rendezvous=rendezvous, jobs=jobs)  # type: ignore[arg-type]


def checkpoints(out: Path) -> set[str]:
    """The cells that have any."""
    return {path.parent.name for path in out.glob("cells/*/checkpoints")}


def test_cells_run_as_ordered_and_the_exit_code_is_node_0s(tmp_path: Path) -> None:
    stage = Stage(tmp_path, [A, {**B, "recorded": "a"}, {"end": 1, "recorded": "a"}], DONE, KILLED)
    assert stage.follower.run() == 1
    assert stage.ran == ["a", "b"] and stage.reported == ["rank 3 was killed"]
    assert checkpoints(tmp_path) == {"b"}


def test_a_cell_that_node_0_could_not_record_keeps_its_checkpoints(tmp_path: Path) -> None:
    stage = Stage(tmp_path, [A, B, {"end": 1}], DONE, DONE)
    assert stage.follower.run() == 1
    assert checkpoints(tmp_path) == {"a", "b"}


def test_a_cell_that_is_ordered_again_keeps_its_checkpoints(tmp_path: Path) -> None:
    stage = Stage(tmp_path, [A, A, None], DONE, KILLED)
    stage.follower.run()
    assert stage.ran == ["a", "a"] and checkpoints(tmp_path) == {"a", "b"}


def test_a_try_that_node_0_ended_is_no_failure_of_this_node(tmp_path: Path) -> None:
    stage = Stage(tmp_path, [A, {"end": 0}], KILLED, superseded=True)
    assert stage.follower.run() == 0
    assert stage.said == ["node 0 has ended this try"] and not stage.reported


def test_why_node_0_cannot_go_on_is_said_here_too(tmp_path: Path) -> None:
    with pytest.raises(RsbenchError, match="Node 0 cannot go on: node 2 has ended"):
        Stage(tmp_path, [{"end": 2, "why": "node 2 has ended"}]).follower.run()


def test_a_signal_ends_it_with_its_number(tmp_path: Path) -> None:
    stage = Stage(tmp_path, [A, A], DONE)
    stage.stop.number = 15
    assert stage.follower.run() == 143 and stage.ran == []


def test_a_link_where_this_nodes_folder_belongs_is_refused(tmp_path: Path) -> None:
    stage = Stage(tmp_path, [A])
    (tmp_path / "cells/a/node1").symlink_to(tmp_path)
    with pytest.raises(RsbenchError, match="is a link"):
        stage.follower.run()
