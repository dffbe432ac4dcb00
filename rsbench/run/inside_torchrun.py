"""One cell inside a torchrun that somebody else started: ``RANK`` and ``WORLD_SIZE`` are set."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from rsbench.console import make_console, say
from rsbench.errors import RsbenchError
from rsbench.launch import worker
from rsbench.launch.failure import failure_lines, find_error
from rsbench.launch.training import train
from rsbench.metrics import score_text
from rsbench.planning.devices import DeviceRequest, resolve
from rsbench.planning.job import find_datasets, solve, write_job
from rsbench.planning.prepare import prepare
from rsbench.planning.request import Request
from rsbench.results import provenance, records
from rsbench.results.folder import CellFolder, check_writable, write_file

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
    note = request.out / ".join" / f"{_token(environment)}.json"
    if environment.get("LOCAL_RANK", "0") == "0":
        write_file(note, json.dumps(_prepared(request, environment)))
    answer = _wait(note)
    if "error" in answer:
        raise RsbenchError(answer["error"])
    if "done" in answer:
        if environment["RANK"] == "0":
            say(make_console(), answer["done"])
        return 0
    return _work(CellFolder(Path(answer["folder"])), int(environment["RANK"]), note)


def _work(folder: CellFolder, rank: int, note: Path) -> int:
    """Run the worker, which sends its output to its log, and say how it ended on the terminal."""
    before = os.dup(1)
    code = worker.run_inside_torchrun(folder.path, train)
    os.dup2(before, 1)
    cause, console = None if code == 0 else find_error(folder.path, rank), make_console()
    if cause is not None:
        for line in f"rank {rank}: {chr(10).join(failure_lines(cause))}".split("\n"):
            say(console, line)
    elif rank == 0 and code == 0:
        note.unlink(missing_ok=True)
        score = score_text(records.read_record(folder.record))
        say(console, f"Done{f' with {score}' if score else ''}: {folder.record}")
    return code


def _prepared(request: Request, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the folder of the cell that stands ready, or the sentence to end with."""
    try:
        return _prepare(request, environment)
    except RsbenchError as error:
        return {"error": str(error)}


def _prepare(request: Request, environment: Mapping[str, str]) -> dict[str, str]:
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
    located = find_datasets(grid.datasets, request.data_root, strict=request.strict_data)
    specs = grid.cells({name: data.defaults for name, data in located.items()})
    if not request.rerun and records.find_done(request.out, [specs[0].key]):
        return {"done": f"1 of 1 cells is already done: {specs[0].label} (--rerun runs it again)."}
    (job,) = solve(specs, located)
    check_writable(request.out)
    data = prepare([job], located, request, make_console())
    folder = CellFolder.of(request.out.resolve(), job.spec.folder_name)
    write_job(
        folder,
        job,
        data=data[job.spec.dataset, job.spec.image_size],
        argv=request.argv,
        provenance=provenance.collect(request.argv),
        tensorboard=request.tensorboard,
    )
    return {"folder": str(folder.path)}


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
