"""One cell inside a torchrun that somebody else started: ``RANK`` and ``WORLD_SIZE`` are set."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from rsbench.console import make_console, make_progress_console, say
from rsbench.errors import RsbenchError
from rsbench.launch import worker
from rsbench.launch.failure import failure_lines, find_error
from rsbench.launch.training import train
from rsbench.loggers import names as loggers
from rsbench.metrics import score_text
from rsbench.planning.devices import DeviceRequest, resolve
from rsbench.planning.job import find_datasets, solve, write_job
from rsbench.planning.prepare import prepare
from rsbench.planning.request import Request
from rsbench.results import attempts, provenance, records
from rsbench.results.claimant import Busy, Claimant, Hold, beating
from rsbench.results.folder import CellFolder, check_writable, folder_error, refuse_link, remove, write_file
from rsbench.results.ledger import Ledger

WAIT_S: Final = 3600.0
"""How long the other ranks wait for the first one of their node, which may be decoding images."""


def run(request: Request, environment: Mapping[str, str]) -> int:
    """Prepare on the first rank of each node, then train as the rank that the environment names.

    Args:
        request: with a grid of one cell.
        environment: of a torchrun.

    Returns:
        The worker's exit code; 0 at once when the cell is done already.

    Raises:
        RsbenchError: anything the user can mend; the same sentence on every rank of a node.
    """
    refuse_link(request.out / ".join")
    note = request.out / ".join" / f"{_token(environment)}.json"
    with _Held() as held:
        if environment.get("LOCAL_RANK", "0") == "0":
            write_file(note, json.dumps(_prepared(request, environment, held)))
        answer = _wait(note)
        if "error" in answer:
            raise RsbenchError(answer["error"])
        if "done" in answer:
            if environment["RANK"] == "0":
                say(make_console(), answer["done"])
            return 0
        code = _work(CellFolder(Path(answer["folder"])), int(environment["RANK"]))
        if environment["RANK"] == "0" and code == 0:
            note.unlink(missing_ok=True)
            held.check()
            _publish(CellFolder(Path(answer["folder"])), answer["key"])
        elif environment.get("LOCAL_RANK", "0") == "0" and code == 0:
            with suppress(OSError):  # rank 0 may be doing the same in a folder that nodes share
                remove(CellFolder(Path(answer["folder"]).parent).checkpoints)
        return code


class _Held(ExitStack):
    """The cell, which rank 0 holds until its process ends."""

    _hold: Hold | None = None

    def take(self, cell: CellFolder, key: str) -> None:
        """Take the cell, and bring in order what a killed process left.

        Raises:
            RsbenchError: another process runs the cell.
            OSError: its folder cannot be used.
        """
        claimant = Claimant()
        while self._hold is None:
            try:
                self._hold = self.enter_context(claimant.take(cell))
            except Busy as busy:
                if busy.is_alive or not busy.is_silent:
                    who = busy.who.replace("another", "Another")
                    raise RsbenchError(
                        f"{who} is running this cell in {cell.path}: wait for its end, then give the same command."
                    ) from None
                time.sleep(0.2)
        self.enter_context(beating(self._hold))
        attempts.settle(cell, key)

    def check(self) -> None:
        """Make sure that the cell is still held.

        Raises:
            RsbenchError: another process has taken it over.
        """
        if self._hold is not None:
            with suppress(OSError):  # told when its files take their places
                self._hold.check()


def _work(folder: CellFolder, rank: int) -> int:
    """Run the worker, which sends its output to its log, and say on the terminal why it failed."""
    before = {stream: os.dup(stream) for stream in (1, 2)}
    code = worker.run_inside_torchrun(folder.path, train)
    for stream, kept in before.items():
        os.dup2(kept, stream)
    cause, console = None if code == 0 else find_error(folder.path, rank), make_progress_console()
    if cause is not None:
        for line in f"rank {rank}: {chr(10).join(failure_lines(cause))}".split("\n"):
            say(console, line)
    return code


def _publish(attempt: CellFolder, key: str) -> None:
    """Put what was measured in its place and say where it is.

    Raises:
        RsbenchError: its files cannot be moved.
    """
    cell = CellFolder(attempt.path.parent)
    try:
        attempts.publish(cell, attempt, key)
    except OSError as problem:
        raise folder_error(problem, cell.path) from problem
    score = score_text(records.read_record(cell.record))
    say(make_console(), f"Done{f' with {score}' if score else ''}: {cell.record}")


def _prepared(request: Request, environment: Mapping[str, str], held: _Held) -> dict[str, str]:
    """Return the folder of the try that stands ready, or the sentence to end with."""
    try:
        return _prepare(request, environment, held)
    except RsbenchError as error:
        return {"error": str(error)}


def _prepare(request: Request, environment: Mapping[str, str], held: _Held) -> dict[str, str]:
    (asked,) = request.grids
    asked.check()
    here, everywhere = int(environment.get("LOCAL_WORLD_SIZE", "1")), int(environment["WORLD_SIZE"])
    if {*asked.devices.gpus, *asked.devices.workers} - {here}:
        raise RsbenchError(
            f"This torchrun has {here} workers on a node, so leave out --gpus and --workers or give that number."
        )
    device = "cuda" if asked.devices.gpus else asked.devices.device
    if device is None:
        device = resolve(DeviceRequest(), nodes=1)[1]
    elif device == "cuda":
        resolve(DeviceRequest(gpus=(here,)), nodes=1)
    grid = replace(asked, workers=(everywhere,), device=device)
    for note in grid.notes if environment["RANK"] == "0" else ():
        say(make_progress_console(), note)
    loggers.check(request.loggers)
    located = find_datasets(grid.datasets, request.data_root, strict=request.strict_data)
    specs = grid.cells({name: data.defaults for name, data in located.items()})
    keys = [specs[0].key]
    is_done = {"done": f"1 of 1 cells is already done: {specs[0].label} (--rerun runs it again)."}
    ledger = Ledger(request.out, keys, rerun=request.rerun)
    if ledger.done(keys):
        return is_done
    (job,) = solve(specs, located)
    check_writable(request.out)
    data = prepare([job], located, request, make_progress_console())
    cell = CellFolder.of(request.out.resolve(), job.spec.folder_name)
    try:
        if environment["RANK"] == "0":
            held.take(cell, job.spec.key)
        if ledger.done(keys):  # another process has run it meanwhile
            return is_done
        if request.rerun and _restarts(environment) == 0:
            with suppress(FileNotFoundError):  # nodes may share the folder
                remove(cell.checkpoints)
        is_first = environment["RANK"] == "0"
        attempt = attempts.begin(cell, _token(environment)) if is_first else _of_other_node(cell, environment)
    except OSError as problem:
        raise folder_error(problem, cell.path) from problem
    write_job(
        attempt,
        job,
        data=data[job.spec.dataset, job.spec.image_size],
        argv=request.argv,
        provenance=provenance.collect(request.argv),
        loggers=request.loggers,
        trace=request.trace,
        keep_weights=request.keep_weights,
        checkpoints=request.survival.order(cell.checkpoints),
        restarts=_restarts(environment),
    )
    return {"folder": str(attempt.path), "key": job.spec.key}


def _restarts(environment: Mapping[str, str]) -> int:
    """Return how often torchrun has started its workers again."""
    return int(environment.get("TORCHELASTIC_RESTART_COUNT", "0"))


def _of_other_node(cell: CellFolder, environment: Mapping[str, str]) -> CellFolder:
    """Return the folder for the logs of a node without rank 0."""
    return cell.of_node(environment.get("GROUP_RANK", "1"))


def _token(environment: Mapping[str, str]) -> str:
    """Return what names this launch on this node, so that no rank takes an earlier launch's answer."""
    names = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT", "GROUP_RANK", "TORCHELASTIC_RESTART_COUNT")
    facts = [environment.get(name, "") for name in names]
    return hashlib.sha256("\0".join([*facts, str(os.getppid())]).encode()).hexdigest()[:16]


def _wait(note: Path) -> dict[str, str]:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            answer: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
            return answer
        except FileNotFoundError:
            time.sleep(0.2)
    raise RsbenchError(f"The first rank of this node prepared no cell within {WAIT_S:g} s; see what it printed.")
